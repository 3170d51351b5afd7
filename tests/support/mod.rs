//! What the tests share.

#[cfg(feature = "daemon")]
pub mod daemon;
pub mod erasing;
pub mod lockstep;
pub mod naive;
pub mod random;
pub mod shrink;
#[cfg(feature = "daemon")]
pub mod sim;
