//! What the tests share.

pub mod lockstep;
pub mod naive;
pub mod random;
