//! The file that makes tree and ledger outlive the process: one JSON line per commit, appended before the answer.
//!
//! Written with one `write` per line and not flushed to the disk: a killed process loses nothing that was answered,
//! a killed machine may, which is as much as a test instrument has to promise. A torn last line (killed within the
//! write, hence never answered) is cut off at the next start. Nothing is compacted: the history is the ledger.

use crate::ledger::Call;
use crate::tree::Change;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::Path;

/// One commit: the call that asked for it, where it was one, and what it changed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) at_ms: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) call: Option<Call>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) changes: Vec<Change>,
}

/// An open journal, positioned at its end; `None` inside where nothing is kept.
#[derive(Debug)]
pub(crate) struct Journal {
    file: Option<File>,
    /// Bytes of whole lines.
    end: u64,
}

impl Journal {
    pub(crate) fn in_memory() -> Self {
        Self { file: None, end: 0 }
    }

    /// Opens or creates the file and hands every record in it to `replay`. A line that cannot be read is an error,
    /// unless it is the last and has no end.
    pub(crate) fn open(path: &Path, mut replay: impl FnMut(Record)) -> io::Result<Self> {
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        let mut reader = BufReader::new(&file);
        let mut good: u64 = 0;
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = reader.read_until(b'\n', &mut line)?;
            if read == 0 || line.last() != Some(&b'\n') {
                break;
            }
            let record = serde_json::from_slice(&line).map_err(|e| {
                io::Error::new(io::ErrorKind::InvalidData, format!("journal at byte {good}: {e}"))
            })?;
            replay(record);
            good += read as u64;
        }
        file.set_len(good)?;
        file.seek(SeekFrom::Start(good))?;
        Ok(Self { file: Some(file), end: good })
    }

    pub(crate) fn append(&mut self, record: &Record) -> io::Result<()> {
        let Some(file) = &mut self.file else { return Ok(()) };
        let mut line = serde_json::to_vec(record)?;
        line.push(b'\n');
        if let Err(e) = file.write_all(&line) {
            // Half a line would swallow the next one.
            file.set_len(self.end)?;
            file.seek(SeekFrom::Start(self.end))?;
            return Err(e);
        }
        self.end += line.len() as u64;
        Ok(())
    }
}
