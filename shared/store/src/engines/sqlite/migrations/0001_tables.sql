-- The schema of the SQLite engine. Column names are the field names of the domain's structs, so that a row is their JSON and
-- there is one list of fields. CHECKs state the same invariants as the types. Ids are hyphenated lower-case text, times
-- microseconds, structured fields JSON text. History (requests, actions, tombstones of links) refers to no catalogue row:
-- it outlives them.

create table installation (
    one integer primary key check (one = 1),
    id text not null
) strict;
-- A random UUID (RFC 9562, version 4): ownership marks at controllers carry it.
insert into installation (one, id)
select 1, lower(
    hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-'
    || substr('89ab', 1 + (random() & 3), 1) || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)));

create table catalogue_version (
    one integer primary key check (one = 1),
    version integer not null check (version >= 0)
) strict;
insert into catalogue_version (one, version) values (1, 0);

create table tenants (
    id text primary key,
    name text not null unique,
    description text,
    version integer not null check (version >= 0),
    created_at integer not null,
    modified_at integer not null
) strict;

create table sites (
    id text primary key,
    name text not null unique,
    description text,
    -- The JSON numbers as they were given: a REAL would lose its last digits on the way back to JSON.
    latitude text check (json_type(latitude) in ('real', 'integer') and latitude ->> '$' between -90 and 90),
    longitude text check (json_type(longitude) in ('real', 'integer') and longitude ->> '$' between -180 and 180),
    external_connections text not null check (json_type(external_connections) = 'array'),
    version integer not null check (version >= 0),
    created_at integer not null,
    modified_at integer not null
) strict;

create table wims (
    id text primary key,
    name text not null unique,
    description text,
    type text not null,
    wim_url text not null,
    config text not null check (json_type(config) = 'object'),
    version integer not null check (version >= 0),
    created_at integer not null,
    modified_at integer not null
) strict;

create table sessions (
    id text primary key,
    worker text not null,
    connectors text not null check (json_type(connectors) = 'array'),
    capacity integer not null check (capacity >= 0),
    draining integer not null check (draining in (0, 1)),
    lease_until integer not null,
    idle text not null check (json_type(idle) = 'array'),
    registered_at integer not null
) strict;

create table accounts (
    id text primary key,
    tenant_id text not null references tenants (id),
    wim_id text not null references wims (id),
    name text not null,
    "user" text,
    config text not null check (json_type(config) = 'object'),
    secrets text not null check (json_type(secrets) = 'object'),
    phase text not null check (phase in ('CREATING', 'READY', 'DELETING')),
    status text not null check (status in ('PENDING', 'REACHABLE', 'UNREACHABLE', 'ERROR')),
    status_reason text check (json_type(status_reason) = 'object'),
    status_since integer not null,
    checked_at integer,
    epoch integer not null check (epoch >= 0),
    session_id text references sessions (id),
    former_session_id text references sessions (id),
    former_until integer,
    refresh_due_at integer,
    listed_at integer,
    unknown_services integer not null check (unknown_services >= 0),
    event_seq integer not null check (event_seq >= 0),
    version integer not null check (version >= 0),
    created_at integer not null,
    modified_at integer not null,
    unique (wim_id, tenant_id),
    -- A former session that is waited for has an end by time as well.
    check (former_session_id is null or former_until is not null)
) strict;
create index accounts_by_tenant on accounts (tenant_id);
create index accounts_by_session on accounts (session_id) where session_id is not null;
create index accounts_by_former_session on accounts (former_session_id) where former_session_id is not null;
create index accounts_by_refresh on accounts (refresh_due_at, id) where refresh_due_at is not null;

create table port_mappings (
    id text primary key,
    wim_id text not null references wims (id),
    site_id text not null references sites (id),
    pop_switch_dpid text not null,
    pop_switch_port text not null,
    wan_service_endpoint_id text not null,
    wan_service_mapping_info text check (json_valid(wan_service_mapping_info)),
    version integer not null check (version >= 0),
    created_at integer not null,
    modified_at integer not null,
    unique (wim_id, site_id, pop_switch_dpid, pop_switch_port),
    unique (wim_id, wan_service_endpoint_id)
) strict;
create index port_mappings_by_site on port_mappings (site_id);

-- What a user asks for over several sites. The networks and links of a service name it; its row goes with the last link.
create table services (
    id text primary key,
    tenant_id text not null references tenants (id),
    name text not null,
    service_type text check (service_type in ('ELINE', 'ELAN', 'ETREE', 'L3')),
    bandwidth_kbps integer check (bandwidth_kbps > 0),
    latency_ms integer check (latency_ms >= 0),
    wim_id text,
    strategy text not null,
    phase text not null check (phase in ('LIVE', 'DELETING')),
    version integer not null check (version >= 0),
    created_at integer not null,
    modified_at integer not null,
    unique (tenant_id, name)
) strict;
create index services_by_created on services (created_at, id);

create table networks (
    id text primary key,
    tenant_id text not null references tenants (id),
    site_id text not null references sites (id),
    name text not null,
    service text,
    virtual_link text,
    status text not null check (status in (
        'SCHEDULED_CREATION', 'BUILD', 'INACTIVE', 'ACTIVE', 'DOWN', 'ERROR', 'VIM_ERROR', 'DELETED')),
    status_detail text,
    vim_info text not null check (json_type(vim_info) = 'object'),
    external_port text check (json_type(external_port) = 'object'),
    encapsulation text not null check (json_type(encapsulation) = 'object'),
    network_service_id text references services (id),
    leaving integer not null check (leaving in (0, 1)),
    version integer not null check (version >= 0),
    created_at integer not null,
    modified_at integer not null,
    unique (tenant_id, name)
) strict;
create index networks_by_site on networks (site_id);
create index networks_by_service on networks (network_service_id) where network_service_id is not null;

-- What is accepted but not run: a paused account or WIM, or (nil) everything.
create table holds (
    kind text not null check (kind in ('account', 'wim', 'all')),
    id text not null,
    reason text,
    since integer not null,
    primary key (kind, id)
) strict;

create table commands (
    id text primary key,
    digest text not null,
    answer text not null check (json_valid(answer)),
    answered_at integer not null default (cast(unixepoch('subsec') * 1000000 as integer))
) strict;
create index commands_by_answer on commands (answered_at);

create table links (
    id text primary key,
    tenant_id text not null,
    wim_id text not null,
    account_id text not null,
    name text not null,
    network_service_id text,
    virtual_link text,
    wish text not null check (json_type(wish) = 'object' and coalesce(wish ->> '$.bandwidth_kbps', 1) > 0),
    status text not null check (status in (
        'SCHEDULED_CREATION', 'BUILD', 'ACTIVE', 'INACTIVE', 'DOWN', 'ERROR', 'WIM_ERROR', 'SCHEDULED_DELETION',
        'DELETED')),
    status_reason text check (json_type(status_reason) = 'object'),
    status_since integer not null,
    status_source text check (status_source in ('probe', 'configured')),
    observed_status text check (observed_status in (
        'SCHEDULED_CREATION', 'BUILD', 'ACTIVE', 'INACTIVE', 'DOWN', 'ERROR', 'WIM_ERROR', 'SCHEDULED_DELETION',
        'DELETED')),
    service_id text,
    conn_info text check (json_valid(conn_info)),
    touched integer not null check (touched in (0, 1)),
    newest_at integer not null,
    begun text check (json_type(begun) = 'object'),
    deletion text check (json_type(deletion) = 'object'),
    lost_at integer,
    effective text check (json_type(effective) = 'object'),
    last_seen_at integer,
    refresh_due_at integer,
    event_seq integer not null check (event_seq >= 0),
    version integer not null check (version >= 0),
    created_at integer not null,
    modified_at integer not null,
    deleted_at integer,
    -- A link has its account until it is a tombstone, which may outlive it.
    live_account_id text generated always as (case when status <> 'DELETED' then account_id end) stored
        references accounts (id)
) strict;
create index links_by_created on links (created_at, id);
create index links_by_tenant on links (tenant_id, created_at, id);
create index links_by_account on links (account_id, created_at, id);
create index links_live_by_account on links (live_account_id, id) where live_account_id is not null;
create index links_by_service on links (network_service_id, id) where network_service_id is not null;
create index links_by_deletion on links (deleted_at, id) where deleted_at is not null;
create index links_by_refresh on links (refresh_due_at, id) where refresh_due_at is not null;

-- Which networks a link needs: an index over `wish.endpoints[].network_id`, kept by the triggers below.
create table link_networks (
    link_id text not null references links (id) on delete cascade,
    network_id text not null references networks (id),
    primary key (network_id, link_id)
) strict, without rowid;
create index link_networks_by_link on link_networks (link_id);

create trigger links_inserted after insert on links begin
    insert or ignore into link_networks (link_id, network_id)
    select new.id, value ->> 'network_id' from json_each(new.wish, '$.endpoints')
    where value ->> 'network_id' is not null;
end;
create trigger links_wish_updated after update of wish on links when old.wish <> new.wish begin
    delete from link_networks where link_id = new.id;
    insert or ignore into link_networks (link_id, network_id)
    select new.id, value ->> 'network_id' from json_each(new.wish, '$.endpoints')
    where value ->> 'network_id' is not null;
end;

create table requests (
    id text primary key,
    tenant_id text not null,
    digest text not null,
    accepted_at integer not null,
    refused text check (json_type(refused) = 'object'),
    total integer not null check (total >= 0),
    done integer not null check (done >= 0),
    failed integer not null check (failed >= 0),
    superseded integer not null check (superseded >= 0),
    cancelled integer not null check (cancelled >= 0),
    event_seq integer not null check (event_seq >= 0),
    created_at integer not null,
    finished_at integer,
    check (done + failed + superseded + cancelled <= total),
    -- Finished exactly when nothing is open; one that was refused has no actions and is finished from the start.
    check (case when refused is null then (finished_at is null) = (done + failed + superseded + cancelled < total)
        else finished_at is not null end)
) strict;
create index requests_by_created on requests (created_at, id);
create index requests_by_tenant on requests (tenant_id, created_at, id);

create table actions (
    id text primary key,
    request_id text not null references requests (id),
    link_id text not null references links (id),
    account_id text not null,
    tenant_id text not null,
    kind text not null check (kind in ('CREATE', 'EDIT', 'DELETE', 'FIND', 'EXECUTE')),
    state text not null check (state in (
        'SCHEDULED', 'RUNNING', 'BUILD', 'RETRY', 'DONE', 'FAILED', 'SUPERSEDED', 'CANCELLED')),
    accepted_at integer not null,
    wish text not null check (json_type(wish) = 'object' and coalesce(wish ->> '$.bandwidth_kbps', 1) > 0),
    patch text check (json_type(patch) = 'object'),
    due_at integer,
    dispatches integer not null check (dispatches >= 0),
    claims integer not null check (claims >= 0),
    attempt integer not null check (attempt >= 0),
    epoch integer check (epoch >= 0),
    session_id text,
    started_at integer,
    observe_first integer not null check (observe_first in (0, 1)),
    retries integer not null check (retries >= 0),
    failures integer not null check (failures >= 0),
    failing_since integer,
    reason text check (json_type(reason) = 'object'),
    waiting_since integer not null,
    created_at integer not null,
    finished_at integer,
    trace text,
    check ((finished_at is null) = (state in ('SCHEDULED', 'RUNNING', 'BUILD', 'RETRY'))),
    -- Design 4.6: every unfinished action has a due time, so that none is ever forgotten.
    check (finished_at is not null or due_at is not null),
    -- What runs runs as a numbered attempt of an epoch.
    check (state <> 'RUNNING' or (attempt > 0 and epoch is not null))
) strict;
create index actions_due on actions (due_at, id) where finished_at is null;
create index actions_unfinished_by_link on actions (link_id) where finished_at is null;
create index actions_unfinished_by_account on actions (account_id) where finished_at is null;
create index actions_unfinished_by_request on actions (request_id) where finished_at is null;
create index actions_by_created on actions (created_at, id);
create index actions_by_tenant on actions (tenant_id, created_at, id);
create index actions_by_request on actions (request_id, created_at, id);
create index actions_by_link on actions (link_id, accepted_at, id);

create table attempts (
    action_id text not null references actions (id),
    attempt integer not null check (attempt > 0),
    epoch integer not null check (epoch >= 0),
    session_id text not null,
    started_at integer not null,
    ended_at integer not null,
    reason text check (json_type(reason) = 'object'),
    primary key (action_id, attempt)
) strict, without rowid;

create table outbox (
    -- The order in which events are published.
    position integer primary key autoincrement,
    id text not null unique,
    tenant_id text not null,
    subject text not null,
    sequence integer not null check (sequence >= 0),
    type text not null,
    at integer not null,
    data text not null check (json_valid(data)),
    published_at integer
) strict;
create index outbox_unpublished on outbox (position) where published_at is null;

create table parked (
    id text primary key,
    origin text not null,
    reason text not null,
    count integer not null check (count > 0),
    payload text not null,
    parked_at integer not null,
    replayed_at integer
) strict;
create index parked_by_time on parked (parked_at, id);
