//! Passwords: from a file, from standard input, or typed without an echo. Never from an argument, which every user
//! of the machine can read.

use crate::exit::Failure;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use zeroize::Zeroizing;

/// A secret in clear, wiped when it is dropped.
pub type Clear = Zeroizing<String>;

/// Longer texts are no secrets but a wrong file.
const SECRET_MAX: u64 = 64 << 10;

/// Reads a secret from a file, or from standard input where it is `-`; a line break at its end is not part of it.
pub fn from_file(path: &str) -> Result<Clear, Failure> {
    let mut text = Clear::default();
    let read = match path {
        "-" => std::io::stdin().take(SECRET_MAX).read_to_string(&mut text),
        path => File::open(path).and_then(|file| file.take(SECRET_MAX).read_to_string(&mut text)),
    };
    read.map_err(|error| Failure::usage(format!("the secret in {path} cannot be read: {error}")))?;
    let trimmed = text.strip_suffix('\n').unwrap_or(&text);
    let trimmed = trimmed.strip_suffix('\r').unwrap_or(trimmed);
    Ok(Clear::new(trimmed.to_owned()))
}

/// From the file where one is named, else typed at the terminal.
pub fn from_file_or_prompt(path: Option<&str>, prompt: &str) -> Result<Clear, Failure> {
    match path {
        Some(path) => from_file(path),
        None => typed(prompt),
    }
}

/// Asks at the terminal, wherever the standard streams lead.
fn typed(prompt: &str) -> Result<Clear, Failure> {
    let away = |_| {
        Failure::usage(format!(
            "{prompt}: there is no terminal to ask at; name a file with --password-file, or - for standard input"
        ))
    };
    let mut terminal = OpenOptions::new().read(true).write(true).open("/dev/tty").map_err(away)?;
    write!(terminal, "{prompt}: ").and_then(|()| terminal.flush()).map_err(away)?;
    let quiet = Quiet::begin(terminal.try_clone().map_err(away)?).map_err(|error| away(error.into()))?;
    let mut line = Clear::default();
    BufReader::new(&terminal).take(SECRET_MAX).read_line(&mut line).map_err(away)?;
    drop(quiet);
    let _ = writeln!(terminal);
    Ok(Clear::new(line.trim_end_matches(['\n', '\r']).to_owned()))
}

/// A terminal that does not show what is typed, until this is dropped.
struct Quiet {
    terminal: File,
    before: Termios,
}

impl Quiet {
    fn begin(terminal: File) -> Result<Self, rustix::io::Errno> {
        let before = tcgetattr(&terminal)?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO);
        tcsetattr(&terminal, OptionalActions::Flush, &quiet)?;
        Ok(Self { terminal, before })
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        // A terminal that is gone shows nothing either.
        let _ = tcsetattr(&self.terminal, OptionalActions::Flush, &self.before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_break_at_the_end_is_not_part_of_it() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        for (text, secret) in
            [("s3cret\n", "s3cret"), ("s3cret\r\n", "s3cret"), (" s \n\n", " s \n"), ("x", "x")]
        {
            std::fs::write(file.path(), text).expect("a written file");
            let path = file.path().to_str().expect("a path");
            assert_eq!(from_file(path).map(|found| found.to_string()), Ok(secret.to_owned()));
        }
        assert!(from_file("/nowhere/at/all").expect_err("a refusal").message.contains("/nowhere/at/all"));
    }
}
