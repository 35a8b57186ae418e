//! Parameters of queries: each is described once, by whatever it is read into.

use utoipa::ToSchema;
use utoipa::openapi::schema::{Components, ObjectBuilder, Schema, Type};
use utoipa::openapi::{Ref, RefOr};
use wanlink_domain::action::ActionState;
use wanlink_domain::link::LinkStatus;

/// One parameter of a query.
pub struct Parameter {
    pub name: &'static str,
    pub text: &'static str,
    pub schema: fn(&mut Components) -> RefOr<Schema>,
}

fn text(_: &mut Components) -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(Type::String).into()
}

fn yes_or_no(_: &mut Components) -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(Type::Boolean).into()
}

fn rows(_: &mut Components) -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1)).maximum(Some(1_000)).into()
}

fn word<T: ToSchema>(components: &mut Components) -> RefOr<Schema> {
    components.schemas.insert(T::name().into_owned(), T::schema());
    Ref::from_schema_name(T::name()).into()
}

pub const TENANT: Parameter =
    Parameter { name: "tenant", text: "Whose: a tenant's id or name.", schema: text };
pub const WIM: Parameter = Parameter { name: "wim", text: "Of this WIM: id or name.", schema: text };
pub const SITE: Parameter = Parameter { name: "site", text: "Of this site: id or name.", schema: text };
pub const ACCOUNT: Parameter =
    Parameter { name: "account", text: "Of this account: id or name.", schema: text };
pub const LINK: Parameter = Parameter { name: "link", text: "About this link: id or name.", schema: text };
pub const REQUEST: Parameter =
    Parameter { name: "request", text: "Of the request with this id.", schema: text };
pub const NAME: Parameter = Parameter { name: "name", text: "With exactly this name.", schema: text };
pub const STATE: Parameter = Parameter { name: "state", text: "In this state.", schema: word::<ActionState> };
pub const STATUS: Parameter =
    Parameter { name: "status", text: "With this status.", schema: word::<LinkStatus> };
pub const DELETED: Parameter =
    Parameter { name: "deleted", text: "Links that were deleted, too.", schema: yes_or_no };
pub const LIMIT: Parameter =
    Parameter { name: "limit", text: "Rows of a page; 100 where it is not given.", schema: rows };
pub const CURSOR: Parameter =
    Parameter { name: "cursor", text: "The `next` of the page before.", schema: text };
