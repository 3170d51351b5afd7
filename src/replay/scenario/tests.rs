//! Scenario files and their mistakes.
