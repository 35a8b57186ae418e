//! The one table of routes, and what holds for all of them: bounded, timed, and answered with problems.
//!
//! A route that does not stand here does not exist; the tests walk the table. Permissions will be its fourth
//! column.

use crate::call::Call;
use crate::handlers::holds::HoldDraft;
use crate::handlers::links::LinkDrafts;
use crate::handlers::parked::{ParkedMessage, ParkedWithContent};
use crate::handlers::plain::{Sites, Tenants, Wims};
use crate::handlers::port_mappings::PortMappingDrafts;
use crate::handlers::{
    accounts, actions, docs, health, holds, links, networks, parked, plain, port_mappings, requests,
    services, workers,
};
use crate::intake::Accepted;
use crate::observe;
use crate::openapi::{self, Describe, Parameter, any, either, html, list, metrics, none, one};
use crate::problem::{HttpCause, Problem};
use crate::readiness::Readiness;
use crate::state::Shared;
use crate::stopping;
use crate::view;
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::Method;
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use tokio::sync::Semaphore;
use wanlink_domain::draft::{
    AccountDraft, AccountPatch, LinkDraft, LinkPatch, NetworkDraft, NetworkPatch, ServiceDraft, ServicePatch,
    SiteDraft, SitePatch, TenantDraft, TenantPatch, WimDraft, WimPatch,
};
use wanlink_domain::reason::Code;
use wanlink_runtime::trace;

/// How a call ends.
pub type Answer = Result<Response, Problem>;

type Handler = fn(Shared, Call) -> BoxFuture<'static, Answer>;

/// One row of the table. What the OpenAPI document says of a route, it reads off here.
pub struct Route {
    pub method: Method,
    /// With its parameters in braces.
    pub path: &'static str,
    handler: Handler,
    pub summary: &'static str,
    /// Parameters of the query.
    pub query: &'static [Parameter],
    pub body: Describe,
    /// Of the answers that are no problem.
    pub statuses: &'static [u16],
    pub answer: Describe,
}

macro_rules! routes {
    ($($method:ident $path:literal => $handler:path, $summary:literal,
        [$($query:ident)*], $body:expr => [$($status:literal)+] $answer:expr;)+) => {
        /// Every route.
        pub static ROUTES: &[Route] = &[$(
            Route {
                method: Method::$method,
                path: $path,
                handler: |state, call| Box::pin($handler(state, call)),
                summary: $summary,
                query: &[$(openapi::$query),*],
                body: $body,
                statuses: &[$($status),+],
                answer: $answer,
            },
        )+];
    };
}

// Method, path and handler; a sentence; parameters of the query; body; statuses and body of the answer.
routes! {
    GET "/healthz" => health::alive, "Whether the process lives", [], none => [200 503] one::<health::Alive>;
    GET "/readyz" => health::ready, "Whether it can do its work, and what it lacks", [], none => [200 503] one::<Readiness>;
    GET "/metrics" => health::metrics, "All figures of the process", [], none => [200] metrics;
    GET "/openapi.json" => docs::document, "This document", [], none => [200] any;
    GET "/docs" => docs::browser, "This document, to browse", [], none => [200] html;
    GET "/docs/{page}" => docs::page, "A page of the handbook", [], none => [200] html;
    GET "/docs/ui/{file}" => docs::asset, "A file of the browser", [], none => [200] none;

    GET "/v1/tenants" => plain::list::<Tenants>, "List tenants", [NAME LIMIT CURSOR], none => [200] list::<view::Tenant>;
    POST "/v1/tenants" => plain::create::<Tenants>, "Make a tenant", [], one::<TenantDraft> => [201] one::<view::Tenant>;
    GET "/v1/tenants/{tenant}" => plain::show::<Tenants>, "Show a tenant", [], none => [200] one::<view::Tenant>;
    PATCH "/v1/tenants/{tenant}" => plain::edit::<Tenants>, "Change a tenant", [], one::<TenantPatch> => [200] one::<view::Tenant>;
    DELETE "/v1/tenants/{tenant}" => plain::delete::<Tenants>, "Delete a tenant that nothing refers to", [], none => [204] none;

    GET "/v1/sites" => plain::list::<Sites>, "List sites", [NAME LIMIT CURSOR], none => [200] list::<view::Site>;
    POST "/v1/sites" => plain::create::<Sites>, "Make a site", [], one::<SiteDraft> => [201] one::<view::Site>;
    GET "/v1/sites/{site}" => plain::show::<Sites>, "Show a site", [], none => [200] one::<view::Site>;
    PATCH "/v1/sites/{site}" => plain::edit::<Sites>, "Change a site", [], one::<SitePatch> => [200] one::<view::Site>;
    DELETE "/v1/sites/{site}" => plain::delete::<Sites>, "Delete a site that nothing refers to", [], none => [204] none;

    GET "/v1/wims" => plain::list::<Wims>, "List WIMs", [NAME LIMIT CURSOR], none => [200] list::<view::Wim>;
    POST "/v1/wims" => plain::create::<Wims>, "Make a WIM known", [], one::<WimDraft> => [201] one::<view::Wim>;
    GET "/v1/wims/{wim}" => plain::show::<Wims>, "Show a WIM", [], none => [200] one::<view::Wim>;
    PATCH "/v1/wims/{wim}" => plain::edit::<Wims>, "Change a WIM; URL and settings renew its accounts' sessions", [], one::<WimPatch> => [200] one::<view::Wim>;
    DELETE "/v1/wims/{wim}" => plain::delete::<Wims>, "Delete a WIM that nothing refers to", [], none => [204] none;

    POST "/v1/wims/{wim}/pause" => holds::pause_wim, "Accept the work of a WIM's accounts and do not run it", [], one::<HoldDraft> => [200] one::<view::Wim>;
    POST "/v1/wims/{wim}/resume" => holds::resume_wim, "Run the work of a WIM's accounts again", [], none => [200] one::<view::Wim>;

    GET "/v1/port-mappings" => port_mappings::list_all, "List the port mappings of all WIMs", [WIM SITE LIMIT CURSOR], none => [200] list::<view::PortMapping>;
    GET "/v1/port-mappings/{mapping}" => port_mappings::show, "Show a port mapping", [], none => [200] one::<view::PortMapping>;
    GET "/v1/wims/{wim}/port-mappings" => port_mappings::list, "List a WIM's port mappings", [SITE LIMIT CURSOR], none => [200] list::<view::PortMapping>;
    PUT "/v1/wims/{wim}/port-mappings" => port_mappings::replace, "Set all port mappings of a WIM", [], one::<PortMappingDrafts> => [200] list::<view::PortMapping>;
    DELETE "/v1/wims/{wim}/port-mappings" => port_mappings::clear, "Clear a WIM's port mappings", [], none => [204] none;

    GET "/v1/accounts" => accounts::list, "List accounts", [TENANT WIM NAME LIMIT CURSOR], none => [200] list::<view::Account>;
    POST "/v1/accounts" => accounts::create, "Make a tenant's account at a WIM; 200: there was the same one", [TENANT], one::<AccountDraft> => [200 201] one::<view::Account>;
    GET "/v1/accounts/{account}" => accounts::show, "Show an account", [TENANT], none => [200] one::<view::Account>;
    PATCH "/v1/accounts/{account}" => accounts::edit, "Change an account; this renews its session", [TENANT], one::<AccountPatch> => [200] one::<view::Account>;
    DELETE "/v1/accounts/{account}" => accounts::delete, "Delete an account without links; 202: its end takes its time", [TENANT], none => [202 204] one::<view::Account>;

    POST "/v1/accounts/{account}/pause" => holds::pause_account, "Accept an account's work and do not run it", [TENANT], one::<HoldDraft> => [200] one::<view::Account>;
    POST "/v1/accounts/{account}/resume" => holds::resume_account, "Run an account's work again", [TENANT], none => [200] one::<view::Account>;

    GET "/v1/networks" => networks::list, "List networks", [TENANT SITE NAME LIMIT CURSOR], none => [200] list::<view::Network>;
    POST "/v1/networks" => networks::create, "Make a site's network known", [TENANT], one::<NetworkDraft> => [201] one::<view::Network>;
    GET "/v1/networks/{network}" => networks::show, "Show a network", [TENANT], none => [200] one::<view::Network>;
    PATCH "/v1/networks/{network}" => networks::edit, "Change a network; a new status lets waiting links go on, or ends them", [TENANT], one::<NetworkPatch> => [200] one::<view::Network>;
    DELETE "/v1/networks/{network}" => networks::delete, "Delete a network that no link refers to", [TENANT], none => [204] none;

    GET "/v1/services" => services::list, "List network services with their networks and links", [TENANT NAME LIMIT CURSOR], none => [200] list::<view::Service>;
    POST "/v1/services" => services::create, "Ask for a network service: its networks, and the links that they need", [TENANT], one::<ServiceDraft> => [202] one::<Accepted>;
    GET "/v1/services/{service}" => services::show, "Show a network service with its networks and links", [TENANT], none => [200] one::<view::Service>;
    PATCH "/v1/services/{service}" => services::edit, "Change a network service: sites join and leave, its links follow", [TENANT], one::<ServicePatch> => [202] one::<Accepted>;
    DELETE "/v1/services/{service}" => services::delete, "Take a network service down: its links first, then its record", [TENANT], none => [202] one::<Accepted>;

    GET "/v1/links" => links::list, "List links", [TENANT ACCOUNT NAME STATUS DELETED LIMIT CURSOR], none => [200] list::<view::Link>;
    POST "/v1/links" => links::create, "Ask for a link, or for many as one request", [TENANT], either::<LinkDraft, LinkDrafts> => [202] one::<Accepted>;
    GET "/v1/links/{link}" => links::show, "Show a link", [TENANT], none => [200] one::<view::Link>;
    PATCH "/v1/links/{link}" => links::edit, "Change a link's bandwidth or latency", [TENANT], one::<LinkPatch> => [202] one::<Accepted>;
    DELETE "/v1/links/{link}" => links::delete, "Take a link down", [TENANT], none => [202] one::<Accepted>;
    POST "/v1/links/{link}/retry" => links::retry, "Do again what failed of a link in ERROR", [TENANT], none => [202] one::<Accepted>;

    GET "/v1/requests" => requests::list, "List requests", [TENANT LIMIT CURSOR], none => [200] list::<view::Request>;
    GET "/v1/requests/{request}" => requests::show, "Show a request with its actions", [TENANT], none => [200] one::<view::RequestWithActions>;
    POST "/v1/requests/{request}/cancel" => requests::cancel, "End what of a request has not begun", [TENANT], none => [200] one::<view::Request>;

    GET "/v1/actions" => actions::list, "List actions", [TENANT REQUEST LINK ACCOUNT STATE LIMIT CURSOR], none => [200] list::<view::Action>;
    GET "/v1/actions/{action}" => actions::show, "Show an action with every attempt", [TENANT], none => [200] one::<view::ActionWithAttempts>;

    GET "/v1/workers" => workers::list, "List workers", [LIMIT CURSOR], none => [200] list::<view::Worker>;
    GET "/v1/workers/{worker}" => workers::show, "Show a worker", [], none => [200] one::<view::Worker>;
    GET "/v1/leases" => workers::leases, "List who may act for which account", [TENANT LIMIT CURSOR], none => [200] list::<view::Lease>;
    GET "/v1/leases/{account}" => workers::lease, "Show who may act for an account", [TENANT], none => [200] one::<view::Lease>;

    GET "/v1/parked" => parked::list, "List messages that nobody could handle", [LIMIT CURSOR], none => [200] list::<ParkedMessage>;
    GET "/v1/parked/{message}" => parked::show, "Show a parked message, decoded", [], none => [200] one::<ParkedWithContent>;
    POST "/v1/parked/{message}/replay" => parked::replay, "Send a parked message to its queue again", [], none => [200] one::<ParkedMessage>;

    GET "/v1/freeze" => holds::frozen, "Whether everything is frozen", [], none => [200] one::<view::Freeze>;
    POST "/v1/freeze" => holds::freeze, "Take no new work and start nothing", [], one::<HoldDraft> => [200] one::<view::Freeze>;
    DELETE "/v1/freeze" => holds::unfreeze, "End the freeze", [], none => [200] one::<view::Freeze>;
}

/// The whole role as one service.
pub fn router(state: Shared) -> Router {
    let mut by_path: BTreeMap<&str, Vec<&Route>> = BTreeMap::new();
    for route in ROUTES {
        by_path.entry(route.path).or_default().push(route);
    }
    let calls = Arc::new(Semaphore::new(state.settings.calls_max));
    let mut router = Router::new();
    for (path, routes) in by_path {
        router = router.route(path, methods(&routes));
    }
    router
        .fallback(no_route)
        .layer(middleware::from_fn_with_state((state.clone(), calls), guard))
        .layer(middleware::from_fn_with_state(state.clone(), observe::observe))
        .with_state(state)
}

/// All methods of one path.
fn methods(routes: &[&Route]) -> MethodRouter<Shared> {
    let mut router = MethodRouter::new();
    let mut known = Vec::new();
    for route in routes {
        let handler = route.handler;
        known.push(route.method.as_str());
        if route.method == Method::GET {
            known.push("HEAD");
        }
        let Ok(filter) = MethodFilter::try_from(route.method.clone()) else { continue };
        router = router
            .on(filter, move |State(state): State<Shared>, request: Request| handle(state, request, handler));
    }
    let allow = known.join(", ");
    router.fallback(move |request: Request| async move {
        let mut problem = Problem::new(
            HttpCause::MethodNotAllowed,
            format!("this resource knows {allow}, not {}", request.method()),
        );
        problem.allow = Some(allow);
        problem.answer(request.uri().path())
    })
}

async fn handle(state: Shared, request: Request<Body>, handler: Handler) -> Response {
    let path = request.uri().path().to_owned();
    let answer = match Call::read(request, &state.settings).await {
        Ok(call) => handler(state, call).await,
        Err(problem) => Err(problem),
    };
    answer.unwrap_or_else(|problem| problem.answer(&path))
}

async fn no_route(request: Request) -> Response {
    let detail =
        "the paths that exist begin with /v1/, or are /healthz, /readyz, /metrics, /openapi.json and /docs";
    Problem::new(HttpCause::NoRoute, detail).answer(request.uri().path())
}

/// Holds for every call: so many at once, so long each, and a panic ends only its own.
async fn guard(
    State((state, calls)): State<(Shared, Arc<Semaphore>)>,
    request: Request,
    next: Next,
) -> Response {
    let (path, reads) = (request.uri().path().to_owned(), request.method().is_safe());
    // A supervisor that asks whether we live must not be told that we are busy.
    let permit = if path == "/healthz" { None } else { calls.try_acquire().ok() };
    if permit.is_none() && path != "/healthz" {
        return Problem::new(Code::Overloaded, "too many calls at once: come back later").answer(&path);
    }
    let (method, began) = (request.method().clone(), state.clock.mono());
    let call = AssertUnwindSafe(next.run(request)).catch_unwind();
    let mut response = match tokio::time::timeout(state.settings.call_timeout, call).await {
        Ok(Ok(response)) => response,
        Ok(Err(panic)) => {
            tracing::error!(panic = panic_text(panic.as_ref()), path, "a call panicked");
            Problem::new(Code::Internal, "the log of this process says more").answer(&path)
        }
        Err(_) if reads => {
            Problem::new(Code::Unavailable, "no answer in time: come back later").answer(&path)
        }
        Err(_) => Problem::new(
            Code::OutcomeUnknown,
            "no answer in time: look whether it was done, or repeat with the same key",
        )
        .answer(&path),
    };
    let ms = state.clock.mono().saturating_sub(began).as_millis();
    let trace = trace::current().map(|own| format!("{:032x}", own.trace));
    tracing::debug!(%method, path, status = response.status().as_u16(), ms, trace, "answered");
    stopping::mark_last(&state, &mut response);
    response
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("not a text")
}
