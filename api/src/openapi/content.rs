//! What a body is made of: nothing, one object, a page of a list, or a page to look at.

use utoipa::ToSchema;
use utoipa::openapi::schema::{
    AdditionalProperties, ArrayBuilder, Components, ObjectBuilder, OneOfBuilder, Schema, SchemaType, Type,
};
use utoipa::openapi::{Ref, RefOr};

/// What stands in a body.
pub enum Content {
    None,
    Json(Box<RefOr<Schema>>),
    /// A text of this media type.
    Text(&'static str),
}

/// Describes a body, and enters what it refers to among the components.
pub type Describe = fn(&mut Components) -> Content;

pub fn none(_: &mut Components) -> Content {
    Content::None
}

pub fn html(_: &mut Components) -> Content {
    Content::Text("text/html")
}

pub fn metrics(_: &mut Components) -> Content {
    Content::Text("application/openmetrics-text")
}

/// A JSON object that is described elsewhere.
pub fn any(_: &mut Components) -> Content {
    Content::Json(Box::new(ObjectBuilder::new().into()))
}

pub fn one<T: ToSchema>(components: &mut Components) -> Content {
    Content::Json(Box::new(reference::<T>(components)))
}

/// Either of them.
pub fn either<A: ToSchema, B: ToSchema>(components: &mut Components) -> Content {
    let (a, b) = (reference::<A>(components), reference::<B>(components));
    Content::Json(Box::new(OneOfBuilder::new().item(a).item(b).into()))
}

/// One page, as `listing` writes it.
pub fn list<T: ToSchema>(components: &mut Components) -> Content {
    let next = ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
        .description(Some("The `cursor` of the next page; null: there is none."));
    let page = ObjectBuilder::new()
        .property("items", ArrayBuilder::new().items(reference::<T>(components)))
        .property("next", next)
        .required("items")
        .required("next")
        .additional_properties(Some(AdditionalProperties::FreeForm(false)));
    Content::Json(Box::new(page.into()))
}

fn reference<T: ToSchema>(components: &mut Components) -> RefOr<Schema> {
    let name = T::name().into_owned();
    if !components.schemas.contains_key(&name) {
        let mut below = Vec::new();
        T::schemas(&mut below);
        components.schemas.extend(below);
        components.schemas.insert(name.clone(), T::schema());
    }
    Ref::from_schema_name(name).into()
}
