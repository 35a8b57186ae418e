//! The command line as data: lines that are understood, lines that are refused, and that clap agrees with itself.

use crate::cli::Cli;
use clap::{CommandFactory as _, Parser as _};

#[test]
fn the_command_line_is_consistent() {
    Cli::command().debug_assert();
}

fn read(line: &str) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(line.split_whitespace())
}

#[test]
fn lines_of_the_documentation_are_understood() {
    for line in [
        "wanlink up",
        "wanlink up --data-dir state --listen 127.0.0.1:0 --without-worker",
        "wanlink demo --exit --data-dir state --set log.filter=info",
        "wanlink api --conf-file a.toml --conf-file b.ini --set api.page_max=10",
        "wanlink conductor --conf-file a.toml",
        "wanlink worker --conf-file a.toml",
        "wanlink migrate --conf-file a.toml",
        "wanlink config check --conf-file a.toml",
        "wanlink engines",
        "wanlink key generate --dir keys",
        "wanlink emulator --any-site --listen 127.0.0.1:9000 --user wan --password-file p",
        "wanlink topology import geant.json --tenant acme --wim wan --demand-unit 8 --batch 100",
        "wanlink topology import geant.json --tenant acme --wim wan --create-tenant --wait --wait-timeout 2m",
        "wanlink tenant create acme --description x",
        "wanlink tenant edit acme --unset description",
        "wanlink site create vienna --latitude 48.2 --longitude -16.4",
        "wanlink wim create wan --type ietf_l2sm --wim-url http://127.0.0.1:9000 --config restconf_root=/rc",
        "wanlink account create --tenant acme --wim wan --user wan --password-file - --wait",
        "wanlink account create --tenant acme --wim wan --wait=REACHABLE",
        "wanlink account delete acme --wait",
        "wanlink port-mapping create --wim wan --site vienna --switch 00:1b --port 7 --endpoint vienna-pe:1",
        "wanlink port-mapping set --wim wan -f mappings.json",
        "wanlink port-mapping clear --wim wan",
        "wanlink network create web --tenant acme --site vienna --attachment switch=00:1b,port=7,vlan=100",
        "wanlink link create --tenant acme --endpoint network=a --endpoint site=b,vlan=5 --bandwidth 500 --wait=BUILD",
        "wanlink link create -f links.json --wait",
        "wanlink link list --tenant acme --status active --deleted -o json",
        "wanlink link edit ID --bandwidth 5 --wait --url http://wan.example",
        "wanlink link retry ID",
        "wanlink link delete ID --idempotency-key k --wait=DELETED",
        "wanlink -o json request list",
        "wanlink request show ID --wait",
        "wanlink request cancel ID",
        "wanlink action list --link ID --state done",
        "wanlink action show ID",
        "wanlink account pause acme --tenant acme --reason x",
        "wanlink wim resume wan",
        "wanlink freeze --reason backup",
        "wanlink unfreeze",
        "wanlink parked replay ID",
        "wanlink openapi -o yaml",
        "wanlink completions zsh",
        "wanlink workers list --watch",
        "wanlink lease show acme --tenant acme --watch=500ms",
        "wanlink link list --watch -o jsonl",
        "wanlink request show ID --watch",
        "wanlink site list -o wide",
        "wanlink parked list --limit 5",
        "wanlink network status web active --detail up --tenant acme",
        "wanlink site create -f site.json",
        "wanlink account create -f - --tenant acme",
        "wanlink link delete ID --wait --timeout 5s",
        "wanlink bench load --links 20000 --accounts 200 --clients 64 --pid api=12 --pid worker=@worker.pid -o json",
        "wanlink bench load --rate 600 --arrivals uniform --controller-latency 100ms --max-in-flight 16 --keep",
        "wanlink bench load --counter sql=n --when-queued start --watch 2m --watch-after 60s",
        "wanlink bench clean --prefix bench-1",
        "wanlink bench table figures",
        "wanlink bench pipe --conf-file conductor.toml --queues 1 --messages 20000 --pid database=@postmaster.pid",
    ] {
        if let Err(error) = read(line) {
            panic!("{line}: {error}");
        }
    }
}

#[test]
fn lines_that_make_no_sense_are_refused_with_the_reason() {
    for (line, part) in [
        ("wanlink", "Usage"),
        ("wanlink lnik list", "link"),
        ("wanlink link create --tenant acme", "--endpoint"),
        ("wanlink link create --endpoint colour=red", "colour"),
        ("wanlink link create --endpoint network=a -f links.json", "cannot be used with"),
        ("wanlink link create -f links.json --bandwidth 5", "cannot be used with"),
        ("wanlink tenant create", "<NAME>"),
        ("wanlink account create --tenant a", "--wim"),
        ("wanlink link list --limit 0", "--limit"),
        ("wanlink network status web", "<STATUS>"),
        ("wanlink link create --endpoint network=a --wim a --strategy first", "cannot be used with"),
        ("wanlink account create --tenant a --wim b --password secret", "--password-file"),
        ("wanlink wim create wan --type ietf_l2sm", "--wim-url"),
        ("wanlink up --set nonsense", "KEY=VALUE"),
        ("wanlink link delete ID --wait-timeout 5", "length of time"),
        ("wanlink network create n --tenant t --site s --attachment site=x,vlan=1", "this network's"),
        ("wanlink link list -o xml", "table"),
        ("wanlink bench load --links 0", "--links"),
        ("wanlink bench load --rate 0", "above 0"),
        ("wanlink bench load --arrivals uniform", "--rate"),
        ("wanlink bench load --pid api", "NAME=PID"),
        ("wanlink bench clean", "--prefix"),
        ("wanlink bench pipe --prefetch 0", "--prefetch"),
        ("wanlink request show ID --watch --wait", "cannot be used with"),
        ("wanlink link list --watch 5s", "unexpected argument"),
        ("wanlink completions cobol", "zsh"),
    ] {
        let refused = read(line).expect_err(line).to_string();
        assert!(refused.contains(part), "{line}: {refused}");
    }
}

#[test]
fn no_flag_takes_a_secret_itself() {
    fn walk(command: &clap::Command, out: &mut Vec<String>) {
        for flag in command.get_arguments() {
            let name = flag.get_long().unwrap_or_default();
            if ["password", "secret", "token"].iter().any(|word| name.contains(word))
                && !name.ends_with("-file")
            {
                out.push(format!("{} --{name}", command.get_name()));
            }
        }
        command.get_subcommands().for_each(|below| walk(below, out));
    }
    let mut found = Vec::new();
    walk(&Cli::command(), &mut found);
    assert_eq!(found, Vec::<String>::new());
}

/// Every command that does something, with the names that lead to it.
fn commands() -> Vec<(String, clap::Command)> {
    fn walk(name: &str, command: &clap::Command, out: &mut Vec<(String, clap::Command)>) {
        if !command.has_subcommands() {
            out.push((name.to_owned(), command.clone()));
        }
        for below in command.get_subcommands().filter(|it| it.get_name() != "help") {
            walk(&format!("{name} {}", below.get_name()), below, out);
        }
    }
    let mut out = Vec::new();
    walk("wanlink", &Cli::command(), &mut out);
    out
}

const PAGE: &str = include_str!("../../docs/cli.md");

/// The rows of the page that are about commands: the command, and what is said of it.
fn documented() -> Vec<(&'static str, &'static str)> {
    PAGE.lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` |"))
        .filter(|(it, _)| it.starts_with("wanlink "))
        .collect()
}

#[test]
fn the_page_has_a_row_for_each_command_and_none_for_others() {
    let mut known: Vec<String> = commands().into_iter().map(|(name, _)| name).collect();
    let mut told: Vec<&str> = documented().into_iter().map(|(name, _)| name).collect();
    known.sort();
    told.sort_unstable();
    assert_eq!(told, known);
}

#[test]
fn the_page_names_no_flag_that_its_command_does_not_know() {
    let commands = commands();
    for (name, told) in documented() {
        let Some((_, command)) = commands.iter().find(|(known, _)| known == name) else { continue };
        let flags: Vec<&str> = command.get_arguments().filter_map(clap::Arg::get_long).collect();
        let named = told.split('`').skip(1).step_by(2).filter_map(|it| it.strip_prefix("--"));
        for flag in named.filter_map(|it| it.split([' ', '=']).next()) {
            assert!(flags.contains(&flag), "{name}: --{flag}");
        }
    }
}

#[test]
fn the_page_s_walk_is_understood() {
    let walk =
        PAGE.rsplit_once("```\n").and_then(|(before, _)| before.rsplit_once("```\n")).expect("a walk").1;
    let lines = walk.replace("\\\n", " ").replace('\'', "").replace(" &&", "\n").replace(" &\n", "\n");
    let lines: Vec<&str> = lines.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    assert!(lines.len() > 8, "{lines:?}");
    for line in lines {
        if let Err(error) = read(line) {
            panic!("{line}: {error}");
        }
    }
}
