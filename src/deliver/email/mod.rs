//! Mail: composed once, carried by SMTP or written as `.eml` files. The only place that knows lettre.
//!
//! [`Desk::compose`] makes a [`Composed`] of a [`Letter`] and refuses whatever could become another header or another
//! message; [`Carrier`] carries it. Read [`compose`] for what a mail holds, [`smtp`] for what each failure means.
//!
//! Left out: which effect becomes which letter (`payload`), when to try again (`retry`).

mod compose;
mod files;
mod header;
mod smtp;

pub use compose::{Composed, Desk, Letter, Unfit};
pub use files::Folder;
pub(crate) use header::first_line;
pub use smtp::{Login, Server, Smtp, SmtpError, TlsMode};

use crate::deliver::Tried;

/// How mail leaves.
pub enum Carrier {
    /// As files: the way until a server is configured.
    Files(Folder),
    /// Over SMTP.
    Smtp(Box<Smtp>),
}

impl Carrier {
    /// Carries one mail once.
    pub async fn send(&self, mail: &Composed) -> Tried {
        match self {
            Carrier::Files(folder) => folder.send(mail).await,
            Carrier::Smtp(smtp) => smtp.send(mail).await,
        }
    }

    /// Lets go of idle connections: when there has been nothing to send for a while, and at the end.
    pub async fn rest(&self) {
        if let Carrier::Smtp(smtp) = self {
            smtp.rest().await;
        }
    }
}
