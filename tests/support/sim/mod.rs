//! The simulation: engine, writer, folder, delivery, a store that crashes and a mail server that fails, on one thread and
//! on a clock that jumps. Everything follows from the seed.
//!
//! [`world`] plays, [`judge`] holds the laws, [`post`] is its outbox as delivery sees it, [`server`] is where mail goes, [`sender`] where signals come from, [`books`]
//! are the playbooks that take each other's place.

pub mod books;
pub mod judge;
pub mod post;
pub mod sender;
pub mod server;
pub mod world;
