//! Words of other languages and tools, with the ones used here.
