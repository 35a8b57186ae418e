//! One process of the system under test: started, watched, killed, frozen, started again.
//!
//! Its output goes to a file in the test's folder; what stands at its end is printed when the test fails.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

/// Lines of a process's output that a failing test shows.
const TAIL: usize = 40;

/// A program built from this workspace: it lies in the folder above the test's own executable.
pub fn program(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("the test's own path");
    let folder = test.parent().and_then(Path::parent).expect("target/PROFILE/deps/TEST");
    let program = folder.join(name);
    assert!(program.is_file(), "{} is not built: cargo build --workspace --all-targets", program.display());
    program
}

/// A program with nothing of this process's environment that could configure it.
pub fn command(name: &str, folder: &Path) -> Command {
    let mut command = Command::new(program(name));
    for (variable, _) in std::env::vars_os() {
        if variable.to_string_lossy().starts_with("WANLINK") {
            command.env_remove(variable);
        }
    }
    command.current_dir(folder).stdin(Stdio::null());
    command
}

/// A process that can be had again after it was killed.
#[derive(Debug)]
pub struct Process {
    /// Unique in its test: `worker-1`.
    pub name: String,
    program: String,
    arguments: Vec<String>,
    folder: PathBuf,
    child: Option<Child>,
}

impl Process {
    pub fn new(name: &str, program: &str, arguments: &[&str], folder: &Path) -> Self {
        Self {
            name: name.to_owned(),
            program: program.to_owned(),
            arguments: arguments.iter().map(|&argument| argument.to_owned()).collect(),
            folder: folder.to_owned(),
            child: None,
        }
    }

    /// From its next start on.
    pub fn without_flag(&mut self, flag: &str) {
        self.arguments.retain(|argument| argument != flag);
    }

    fn log(&self) -> PathBuf {
        self.folder.join(format!("{}.log", self.name))
    }

    /// Starts it; its output is added to that of its former lives.
    pub fn start(&mut self) {
        assert!(!self.runs(), "{} runs already", self.name);
        let log = OpenOptions::new().create(true).append(true).open(self.log()).expect("a log file");
        let errors: File = log.try_clone().expect("a second handle");
        let child =
            command(&self.program, &self.folder).args(&self.arguments).stdout(log).stderr(errors).spawn();
        self.child = Some(child.unwrap_or_else(|error| panic!("{}: {error}", self.name)));
    }

    pub fn runs(&mut self) -> bool {
        self.ended().is_none() && self.child.is_some()
    }

    /// How it ended by itself, if it did.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.as_mut()?.try_wait().expect("a child can be asked")
    }

    /// `kill -9`, and nobody holds its sockets any more when this returns.
    pub fn kill(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        child.kill().expect("a child can be killed");
        child.wait().expect("a killed child ends");
    }

    /// SIGTERM: it ends by itself.
    pub fn terminate(&self) {
        self.signal("TERM");
    }

    /// SIGSTOP: it stands still with all that it holds.
    pub fn freeze(&self) {
        self.signal("STOP");
    }

    /// SIGCONT: it goes on as if no time had passed.
    pub fn thaw(&self) {
        self.signal("CONT");
    }

    fn signal(&self, signal: &str) {
        let Some(child) = &self.child else { panic!("{} does not run", self.name) };
        self::signal(child.id(), signal);
    }

    /// All that it has printed.
    pub fn output(&self) -> String {
        std::fs::read(self.log())
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    }

    /// For a failing test.
    pub fn print_tail(&mut self) {
        let state = match (self.ended(), &self.child) {
            (Some(status), _) => format!("ended: {status}"),
            (None, Some(_)) => "running".to_owned(),
            (None, None) => "killed or never started".to_owned(),
        };
        eprintln!("---- {} ({state}) ----", self.name);
        let output = self.output();
        let lines: Vec<&str> = output.lines().collect();
        for line in &lines[lines.len().saturating_sub(TAIL)..] {
            eprintln!("{line}");
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.print_tail();
        }
        self.kill();
    }
}

/// Sends a signal to a process that this test started.
pub fn signal(id: u32, signal: &str) {
    let status = Command::new("kill").arg(format!("-{signal}")).arg(id.to_string()).status().expect("kill");
    assert!(status.success(), "kill -{signal} {id}: {status}");
}
