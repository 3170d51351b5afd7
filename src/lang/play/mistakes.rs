//! The mistakes beginners make, each with what to type instead.
