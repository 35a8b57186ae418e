//! A TCP proxy before an AMQP broker: it cuts connections, refuses them, lets them fall silent, and tells the
//! client that the broker has blocked it, none of which a test may do to a broker that it shares with others.
//!
//! Deliberately absent: TLS; the broker's frames are read to find where one ends (AMQP 0-9-1, section 4.2.3).

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, watch};
use wanlink_runtime::tasks::Tasks;

/// What happens to connections now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weather {
    Fair,
    /// Those that stand are cut, new ones too.
    Down,
    /// Nothing is cut, and nothing comes through.
    Silent,
}

/// Queues' answers to `basic.consume`, as of a queue without a leader.
#[derive(Clone, Debug, Default)]
pub struct Withheld {
    on: Arc<AtomicBool>,
    count: Arc<AtomicU64>,
}

impl Withheld {
    /// Whether this frame does not come through: a method (type 1), `basic.consume-ok` (class 60, method 21).
    fn takes(&self, frame: &[u8]) -> bool {
        let is_answer = frame[0] == 1 && frame.get(7..11) == Some(&[0, 60, 0, 21]);
        let takes = is_answer && self.on.load(Ordering::SeqCst);
        if takes {
            self.count.fetch_add(1, Ordering::SeqCst);
        }
        takes
    }
}

pub struct Proxy {
    pub address: SocketAddr,
    withheld: Withheld,
    weather: watch::Sender<Weather>,
    blocked: watch::Sender<bool>,
    tasks: Tasks,
}

impl Proxy {
    /// Listens on loopback and forwards to `target` (`host:port`).
    pub async fn start(target: String) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (weather, blocked) = (watch::Sender::new(Weather::Fair), watch::Sender::new(false));
        let tasks = Tasks::new();
        let withheld = Withheld::default();
        let sky = Sky { weather: weather.clone(), blocked: blocked.clone(), withheld: withheld.clone() };
        tasks.spawn(accept(listener, target, sky, tasks.clone()));
        Ok(Self { address, withheld, weather, blocked, tasks })
    }

    /// From now on no queue answers `basic.consume`, or all do again.
    pub fn withhold_consume_ok(&self, on: bool) {
        self.withheld.on.store(on, Ordering::SeqCst);
    }

    /// How many such answers were withheld so far.
    pub fn withheld(&self) -> u64 {
        self.withheld.count.load(Ordering::SeqCst)
    }

    pub fn set(&self, weather: Weather) {
        self.weather.send_replace(weather);
    }

    pub fn block(&self, blocked: bool) {
        self.blocked.send_replace(blocked);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.tasks.token().cancel();
    }
}

/// What all connections stand under.
#[derive(Clone)]
struct Sky {
    weather: watch::Sender<Weather>,
    blocked: watch::Sender<bool>,
    withheld: Withheld,
}

async fn accept(listener: TcpListener, target: String, sky: Sky, tasks: Tasks) {
    loop {
        let accepted = tokio::select! {
            biased;
            () = tasks.stopped() => return,
            accepted = listener.accept() => accepted,
        };
        let Ok((client, _)) = accepted else { continue };
        if *sky.weather.borrow() == Weather::Down {
            continue;
        }
        let (target, sky) = (target.clone(), sky.clone());
        let stop = tasks.token();
        tasks.spawn(async move {
            let _ = stop.run_until_cancelled(forward(client, &target, sky)).await;
        });
    }
}

/// Forwards one connection until an end closes or the weather cuts it; both sockets close with it.
async fn forward(client: TcpStream, target: &str, sky: Sky) -> io::Result<()> {
    let (weather, mut blocked) = (sky.weather.subscribe(), sky.blocked.subscribe());
    let server = TcpStream::connect(target).await?;
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let to_client = Arc::new(Mutex::new(to_client));
    blocked.mark_unchanged();
    let mut cutting = weather.clone();
    tokio::select! {
        biased;
        _ = cutting.wait_for(|weather| *weather == Weather::Down) => Ok(()),
        ended = bytes(from_client, to_server, weather.clone()) => ended,
        ended = frames(from_server, to_client.clone(), weather, sky.withheld.clone()) => ended,
        ended = announce(to_client, blocked) => ended,
    }
}

async fn fair(weather: &mut watch::Receiver<Weather>) {
    // An error means that the proxy is gone, and this connection soon will be.
    let _ = weather.wait_for(|weather| *weather != Weather::Silent).await;
}

async fn bytes(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut weather: watch::Receiver<Weather>,
) -> io::Result<()> {
    let mut buffer = vec![0; 65_536];
    loop {
        let length = from.read(&mut buffer).await?;
        if length == 0 {
            return Ok(());
        }
        fair(&mut weather).await;
        to.write_all(&buffer[..length]).await?;
    }
}

/// Forwards whole frames, so that one of ours can go in between: type, channel, length, payload, end mark.
async fn frames(
    mut from: OwnedReadHalf,
    to: Arc<Mutex<OwnedWriteHalf>>,
    mut weather: watch::Receiver<Weather>,
    withheld: Withheld,
) -> io::Result<()> {
    loop {
        let mut head = [0; 7];
        from.read_exact(&mut head).await?;
        let length = u32::from_be_bytes([head[3], head[4], head[5], head[6]]);
        let mut frame = head.to_vec();
        frame.resize(7 + usize::try_from(length).unwrap_or(0) + 1, 0);
        from.read_exact(&mut frame[7..]).await?;
        fair(&mut weather).await;
        if withheld.takes(&frame) {
            continue;
        }
        to.lock().await.write_all(&frame).await?;
    }
}

/// `connection.blocked` (class 10, method 60, with a reason) and `connection.unblocked` (61).
async fn announce(to: Arc<Mutex<OwnedWriteHalf>>, mut blocked: watch::Receiver<bool>) -> io::Result<()> {
    while blocked.changed().await.is_ok() {
        let is_blocked = *blocked.borrow_and_update();
        let payload: &[u8] = if is_blocked { b"\x00\x0A\x00\x3C\x03low" } else { b"\x00\x0A\x00\x3D" };
        let length = u32::try_from(payload.len()).unwrap_or(0);
        let mut frame = vec![1, 0, 0];
        frame.extend_from_slice(&length.to_be_bytes());
        frame.extend_from_slice(payload);
        frame.push(0xCE);
        to.lock().await.write_all(&frame).await?;
    }
    std::future::pending().await
}
