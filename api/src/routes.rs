//! The one table of routes, and what holds for all of them: bounded, timed, and answered with problems.
//!
//! A route that does not stand here does not exist; the tests walk the table. Permissions will be its fourth
//! column.

use crate::call::Call;
use crate::handlers::{
    accounts, actions, health, links, networks, parked, port_mappings, requests, sites, tenants, wims,
};
use crate::observe;
use crate::problem::{HttpCause, Problem};
use crate::state::Shared;
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
use wanlink_domain::reason::Code;

/// How a call ends.
pub type Answer = Result<Response, Problem>;

type Handler = fn(Shared, Call) -> BoxFuture<'static, Answer>;

/// One row of the table.
pub struct Route {
    pub method: Method,
    /// With its parameters in braces.
    pub path: &'static str,
    handler: Handler,
}

macro_rules! routes {
    ($($method:ident $path:literal => $handler:path,)+) => {
        /// Every route.
        pub static ROUTES: &[Route] = &[
            $(Route { method: Method::$method, path: $path, handler: |state, call| Box::pin($handler(state, call)) },)+
        ];
    };
}

routes! {
    GET    "/healthz" => health::alive,
    GET    "/readyz" => health::ready,
    GET    "/metrics" => health::metrics,

    GET    "/v1/tenants" => tenants::list,
    POST   "/v1/tenants" => tenants::create,
    GET    "/v1/tenants/{tenant}" => tenants::show,
    PATCH  "/v1/tenants/{tenant}" => tenants::edit,
    DELETE "/v1/tenants/{tenant}" => tenants::delete,

    GET    "/v1/sites" => sites::list,
    POST   "/v1/sites" => sites::create,
    GET    "/v1/sites/{site}" => sites::show,
    PATCH  "/v1/sites/{site}" => sites::edit,
    DELETE "/v1/sites/{site}" => sites::delete,

    GET    "/v1/wims" => wims::list,
    POST   "/v1/wims" => wims::create,
    GET    "/v1/wims/{wim}" => wims::show,
    PATCH  "/v1/wims/{wim}" => wims::edit,
    DELETE "/v1/wims/{wim}" => wims::delete,

    GET    "/v1/port-mappings" => port_mappings::list_all,
    GET    "/v1/wims/{wim}/port-mappings" => port_mappings::list,
    PUT    "/v1/wims/{wim}/port-mappings" => port_mappings::replace,
    DELETE "/v1/wims/{wim}/port-mappings" => port_mappings::clear,

    GET    "/v1/accounts" => accounts::list,
    POST   "/v1/accounts" => accounts::create,
    GET    "/v1/accounts/{account}" => accounts::show,
    PATCH  "/v1/accounts/{account}" => accounts::edit,
    DELETE "/v1/accounts/{account}" => accounts::delete,

    GET    "/v1/networks" => networks::list,
    POST   "/v1/networks" => networks::create,
    GET    "/v1/networks/{network}" => networks::show,
    PATCH  "/v1/networks/{network}" => networks::edit,
    DELETE "/v1/networks/{network}" => networks::delete,

    GET    "/v1/links" => links::list,
    POST   "/v1/links" => links::create,
    GET    "/v1/links/{link}" => links::show,
    PATCH  "/v1/links/{link}" => links::edit,
    DELETE "/v1/links/{link}" => links::delete,
    POST   "/v1/links/{link}/retry" => links::retry,

    GET    "/v1/requests" => requests::list,
    GET    "/v1/requests/{request}" => requests::show,
    POST   "/v1/requests/{request}/cancel" => requests::cancel,

    GET    "/v1/actions" => actions::list,
    GET    "/v1/actions/{action}" => actions::show,

    GET    "/v1/parked" => parked::list,
    GET    "/v1/parked/{message}" => parked::show,
    POST   "/v1/parked/{message}/replay" => parked::replay,
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
    let detail = "the paths that exist begin with /v1/, or are /healthz, /readyz and /metrics";
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
    let response = match tokio::time::timeout(state.settings.call_timeout, call).await {
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
    tracing::debug!(%method, path, status = response.status().as_u16(), ms, "answered");
    response
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("not a text")
}
