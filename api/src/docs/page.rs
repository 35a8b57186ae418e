//! Markdown to pages with a heading's words as its anchor, as the problems' `type` names them.

use pulldown_cmark::{CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};

/// Every page of `deploy/docs`: its name, what it is about, and its text.
const PAGES: &[(&str, &str, &str)] = &[
    ("api", "HTTP API", include_str!("../../../deploy/docs/api.md")),
    ("benchmarks", "Benchmarks", include_str!("../../../deploy/docs/benchmarks.md")),
    ("cli", "Command line", include_str!("../../../deploy/docs/cli.md")),
    ("errors", "Error codes", include_str!("../../../deploy/docs/errors.md")),
    ("metrics", "Metrics", include_str!("../../../deploy/docs/metrics.md")),
    ("running", "Running", include_str!("../../../deploy/docs/running.md")),
    ("tls", "TLS", include_str!("../../../deploy/docs/tls.md")),
    ("backup", "Backup and restore", include_str!("../../../deploy/docs/backup.md")),
];

const STYLE: &str = "body{margin:0;font:16px/1.5 system-ui,sans-serif;color:#1c2733;background:#fff}\
nav{display:flex;flex-wrap:wrap;gap:1.2em;padding:.8em 1.5em;background:#12304a}\
nav a{color:#dbe9f5;text-decoration:none}nav a[aria-current]{color:#fff;font-weight:600}\
main{max-width:60em;margin:0 auto;padding:1em 1.5em 4em}main a{color:#0b62a8}\
main table{border-collapse:collapse;display:block;overflow-x:auto}\
main td,main th{border:1px solid #cdd7e0;padding:.3em .7em;text-align:left;vertical-align:top}\
main code{font:0.9em ui-monospace,monospace;background:#eef2f6;padding:.1em .3em;border-radius:3px}\
main pre{background:#eef2f6;padding:.8em 1em;overflow-x:auto;border-radius:5px}main pre code{padding:0}\
main h1,main h2,main h3{line-height:1.25;margin:1.6em 0 .5em}main h1{margin-top:.6em}:target{background:#fff3c4}";

/// The page of that name.
pub fn render(name: &str) -> Option<String> {
    let (name, title, text) = PAGES.iter().find(|(known, ..)| *known == name)?;
    let body = format!("<main>{}</main>", to_html(text));
    Some(framed(title, "", &navigation(name, ""), &body))
}

/// The browser of the document: it stands one level above the pages.
pub fn browser() -> String {
    let head = "<link rel=\"stylesheet\" href=\"docs/ui/swagger-ui.css\">";
    let body = "<div id=\"browser\"></div><script src=\"docs/ui/swagger-ui-bundle.js\"></script>\
                <script src=\"docs/ui/start.js\"></script>";
    framed("API browser", head, &navigation("", "docs/"), body)
}

/// What starts the browser, as a file of its own: the pages allow no script inside them.
pub const START: &str = "SwaggerUIBundle({url: 'openapi.json', dom_id: '#browser', deepLinking: true, \
docExpansion: 'none', defaultModelsExpandDepth: 0, displayRequestDuration: true, validatorUrl: null});\n";

fn navigation(current: &str, below: &str) -> String {
    let link = |name: &str, href: &str, title: &str| {
        let here = if name == current { " aria-current=\"page\"" } else { "" };
        format!("<a href=\"{href}\"{here}>{title}</a>")
    };
    let browser = if below.is_empty() { "../docs" } else { "docs" };
    let mut links = vec![link("", browser, "API browser")];
    links.extend(PAGES.iter().map(|(name, title, _)| link(name, &format!("{below}{name}"), title)));
    format!("<nav>{}</nav>", links.concat())
}

fn framed(title: &str, head: &str, navigation: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title} · wanlink</title>\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><style>{STYLE}</style>{head}\
         </head><body>{navigation}{body}</body></html>"
    )
}

fn to_html(text: &str) -> String {
    let mut events: Vec<Event<'_>> = Parser::new_ext(text, Options::ENABLE_TABLES).collect();
    for at in 0..events.len() {
        match &events[at] {
            Event::Start(Tag::Heading { level, .. }) => {
                let (level, anchor) = (*level, anchor(&events[at + 1..]));
                events[at] = heading(level, anchor);
            }
            Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
                let (link_type, title, id) = (*link_type, title.clone(), id.clone());
                let dest_url = CowStr::from(dest_url.replacen(".md", "", 1));
                events[at] = Event::Start(Tag::Link { link_type, dest_url, title, id });
            }
            _ => {}
        }
    }
    let mut written = String::new();
    html::push_html(&mut written, events.into_iter());
    written
}

fn heading(level: HeadingLevel, anchor: String) -> Event<'static> {
    Event::Start(Tag::Heading { level, id: Some(anchor.into()), classes: Vec::new(), attrs: Vec::new() })
}

/// The words of the heading that goes on here: `Calls that cannot be accepted` is `calls-that-cannot-be-accepted`.
fn anchor(events: &[Event<'_>]) -> String {
    let inside = events.iter().take_while(|event| !matches!(event, Event::End(TagEnd::Heading(_))));
    let text: String = inside
        .filter_map(|event| match event {
            Event::Text(text) | Event::Code(text) => Some(text.as_ref()),
            _ => None,
        })
        .collect();
    let kept = |letter: char| match letter {
        ' ' => Some('-'),
        '-' | '_' => Some(letter),
        _ => letter.is_alphanumeric().then(|| letter.to_ascii_lowercase()),
    };
    text.chars().filter_map(kept).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_have_anchors_and_links_lead_to_pages() {
        let html =
            to_html("## The *same* `call` twice\n\nSee [errors](errors.md#not-found).\n\n|a|\n|-|\n|b|\n");
        for part in ["<h2 id=\"the-same-call-twice\">", "href=\"errors#not-found\"", "<td>b</td>"] {
            assert!(html.contains(part), "{part} is not in {html}");
        }
    }

    #[test]
    fn every_page_of_the_handbook_is_served() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/docs");
        let mut there: Vec<String> = std::fs::read_dir(folder)
            .expect("the folder")
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.strip_suffix(".md").map(str::to_owned))
            .collect();
        there.sort();
        let mut served: Vec<&str> = PAGES.iter().map(|(name, ..)| *name).collect();
        served.sort_unstable();
        assert_eq!(served, there);
        assert!(there.iter().all(|name| render(name).is_some()));
    }
}
