//! The worker against a conductor of the test's own, over the in-process broker and the simulated controller, under
//! virtual time. Every test waits on a condition; none sleeps.

mod conductor;
mod faulty;
mod leases;
mod lists;
mod reluctant;
mod runs;
mod stops;
mod strays;
mod world;
