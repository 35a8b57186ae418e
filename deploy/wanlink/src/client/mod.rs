//! The client side of the executable: the api's nouns on the command line.
//!
//! | file | what it does |
//! |---|---|
//! | `http` | calls, pages, repetition |
//! | `problem` | refusals as sentences |
//! | `session` | the verbs that all nouns share |
//! | `body` | flags to JSON |
//! | `endpoint` | one end of a link, written in one word |
//! | `secret` | passwords from files, pipes and prompts |
//! | `wait`, `progress` | until links and accounts are as wished |
//! | `output`, `names` | tables with names, JSON, YAML |
//! | `watch` | again whenever it changes |

pub mod body;
pub mod endpoint;
pub mod http;
pub mod names;
pub mod output;
pub mod problem;
pub mod progress;
pub mod secret;
pub mod session;
pub mod wait;
pub mod watch;
