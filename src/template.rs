//! Mail templates. The only file that names minijinja.
//!
//! A template is a folder `emails/<name>/` with one set a language: `<language>/subject.txt`, `body.txt` and, if
//! wanted, `body.html`; and `template.yaml`, which declares its class and its fallback language.

/// All templates of one unit.
#[derive(Debug, Default)]
pub struct Templates {
    fingerprint: [u8; 16],
}

impl Templates {
    /// Returns a hash of the text of all templates.
    pub fn fingerprint(&self) -> [u8; 16] {
        self.fingerprint
    }
}
