//! `wanlink emulator`: an emulated WAN controller, for demonstrations and trials; the same as `wanlink-emulator`.

use crate::exit::Failure;
use crate::serve;
use wanlink_emulator::{Arguments, serve as serve_emulator};

pub async fn run(arguments: Arguments) -> Result<(), Failure> {
    let mut signals = serve::signals()?;
    let options = arguments.into_options().map_err(|error| Failure::usage(error.to_string()))?;
    let listen = options.listen;
    let asked = async move {
        signals.asked().await;
    };
    serve_emulator(options, asked)
        .await
        .map_err(|error| Failure::configuration(format!("the emulator at {listen}: {error}")))
}
