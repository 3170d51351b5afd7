//! The engine on a virtual clock: recorded feedback, scenarios, and what is drawn of them.
//!
//! [`driver`] is the one place that decides when deadlines run between inputs; [`feed`] reads recorded signals;
//! [`scenario`] reads `*.test.yaml`, [`run`] plays one, [`timeline`] draws what happened, [`snapshot`] writes and
//! reads the accepted drawings. Pure: texts come in and go out, files are `cli`'s.

pub mod driver;
pub mod feed;
pub mod reached;
mod reasons;
pub mod replace;
pub mod run;
pub mod scenario;
pub mod snapshot;
pub mod target;
pub mod timeline;
pub mod words;
