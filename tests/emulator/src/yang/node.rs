//! The shape of a schema: what a YANG module says, as data that a program can walk.
//!
//! Only what ietf-l2vpn-svc needs of RFC 7950: containers without presence, keyed lists, leaves, choices, `when`
//! on a sibling or on the site's management type, and leafrefs named by what they point at. No XPath, no
//! augmentation, no parsing of modules: the table is written by hand and held against the true module by a test.

/// One schema node (RFC 7950 section 7).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) mandatory: bool,
    pub(crate) when: When,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    Leaf(Type),
    Container(&'static [Node]),
    List {
        keys: &'static [&'static str],
        nodes: &'static [Node],
    },
    /// The nodes of the cases stand in the data beside the choice's siblings; the choice itself never shows.
    Choice(&'static [&'static [Node]]),
}

/// A leaf's type, with its JSON form as RFC 7951 section 6 gives it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Type {
    Text,
    Boolean,
    /// Up to 32 bits: a JSON number, within the range.
    Number {
        low: u64,
        high: u64,
    },
    /// 64 bits: a JSON string of digits.
    Long,
    /// A JSON string, bare or with this module's prefix; stored bare.
    Identity(&'static [&'static str]),
    Enumeration(&'static [&'static str]),
    Address,
    /// `[null]`.
    Empty,
    Reference(Place),
}

/// What a leafref points at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    VpnService,
    /// A device of the same site.
    Device,
    /// A location of the same site.
    Location,
    /// A list that this controller does not offer, so that no reference to it can hold.
    Nowhere,
}

/// The condition under which a node may exist (RFC 7950 section 7.21.5).
#[derive(Debug, Clone, Copy)]
pub(crate) enum When {
    Always,
    /// The sibling `leaf`, or its default where it is absent, has one of these values.
    Sibling {
        leaf: &'static str,
        default: &'static str,
        is: &'static [&'static str],
    },
    /// The site's `management/type` is one of these.
    Management(&'static [&'static str]),
}

impl Node {
    const fn new(name: &'static str, kind: Kind) -> Self {
        Self { name, kind, mandatory: false, when: When::Always }
    }

    pub(crate) const fn mandatory(mut self) -> Self {
        self.mandatory = true;
        self
    }

    pub(crate) const fn when(mut self, when: When) -> Self {
        self.when = when;
        self
    }
}

pub(crate) const fn leaf(name: &'static str, of: Type) -> Node {
    Node::new(name, Kind::Leaf(of))
}

pub(crate) const fn container(name: &'static str, nodes: &'static [Node]) -> Node {
    Node::new(name, Kind::Container(nodes))
}

pub(crate) const fn list(name: &'static str, keys: &'static [&'static str], nodes: &'static [Node]) -> Node {
    Node::new(name, Kind::List { keys, nodes })
}

pub(crate) const fn choice(name: &'static str, cases: &'static [&'static [Node]]) -> Node {
    Node::new(name, Kind::Choice(cases))
}

/// The data node called `name` among `nodes`, looking into choices.
pub(crate) fn find(nodes: &'static [Node], name: &str) -> Option<&'static Node> {
    nodes.iter().find_map(|node| match node.kind {
        Kind::Choice(cases) => cases.iter().find_map(|case| find(case, name)),
        _ => (node.name == name).then_some(node),
    })
}
