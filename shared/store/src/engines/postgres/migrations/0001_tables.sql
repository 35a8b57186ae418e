-- The schema of the PostgreSQL engine. Column names are the field names of the domain's structs, so that a row is their JSON and
-- there is one list of fields. CHECKs state the same invariants as the types. Ids are uuid, times microseconds in
-- bigint, structured fields jsonb. History (requests, actions, tombstones of links) refers to no catalogue row:
-- it outlives them.

create table installation (
    one integer primary key check (one = 1),
    id uuid not null
);
-- Ownership marks at controllers carry it.
insert into installation (one, id) values (1, gen_random_uuid());

create table catalogue_version (
    one integer primary key check (one = 1),
    version bigint not null check (version >= 0)
);
insert into catalogue_version (one, version) values (1, 0);

create table tenants (
    id uuid primary key,
    name text not null unique,
    description text,
    version bigint not null check (version >= 0),
    created_at bigint not null,
    modified_at bigint not null
);

create table sites (
    id uuid primary key,
    name text not null unique,
    description text,
    latitude double precision check (latitude between -90 and 90),
    longitude double precision check (longitude between -180 and 180),
    external_connections jsonb not null check (jsonb_typeof(external_connections) = 'array'),
    version bigint not null check (version >= 0),
    created_at bigint not null,
    modified_at bigint not null
);

create table wims (
    id uuid primary key,
    name text not null unique,
    description text,
    type text not null,
    wim_url text not null,
    config jsonb not null check (jsonb_typeof(config) = 'object'),
    version bigint not null check (version >= 0),
    created_at bigint not null,
    modified_at bigint not null
);

create table sessions (
    id uuid primary key,
    worker text not null,
    connectors jsonb not null check (jsonb_typeof(connectors) = 'array'),
    capacity integer not null check (capacity >= 0),
    draining boolean not null,
    lease_until bigint not null,
    idle jsonb not null check (jsonb_typeof(idle) = 'array'),
    registered_at bigint not null
);

create table accounts (
    id uuid primary key,
    tenant_id uuid not null references tenants (id),
    wim_id uuid not null references wims (id),
    name text not null,
    "user" text,
    config jsonb not null check (jsonb_typeof(config) = 'object'),
    secrets jsonb not null check (jsonb_typeof(secrets) = 'object'),
    phase text not null check (phase in ('CREATING', 'READY', 'DELETING')),
    status text not null check (status in ('PENDING', 'REACHABLE', 'UNREACHABLE', 'ERROR')),
    status_reason jsonb check (jsonb_typeof(status_reason) = 'object'),
    status_since bigint not null,
    checked_at bigint,
    epoch bigint not null check (epoch >= 0),
    session_id uuid references sessions (id),
    former_session_id uuid references sessions (id),
    former_until bigint,
    refresh_due_at bigint,
    listed_at bigint,
    unknown_services integer not null check (unknown_services >= 0),
    event_seq bigint not null check (event_seq >= 0),
    version bigint not null check (version >= 0),
    created_at bigint not null,
    modified_at bigint not null,
    unique (wim_id, tenant_id),
    -- A former session that is waited for has an end by time as well.
    check (former_session_id is null or former_until is not null)
);
create index accounts_by_tenant on accounts (tenant_id);
create index accounts_by_session on accounts (session_id) where session_id is not null;
create index accounts_by_former_session on accounts (former_session_id) where former_session_id is not null;
create index accounts_by_refresh on accounts (refresh_due_at, id) where refresh_due_at is not null;

create table port_mappings (
    id uuid primary key,
    wim_id uuid not null references wims (id),
    site_id uuid not null references sites (id),
    pop_switch_dpid text not null,
    pop_switch_port text not null,
    wan_service_endpoint_id text not null,
    wan_service_mapping_info jsonb,
    version bigint not null check (version >= 0),
    created_at bigint not null,
    modified_at bigint not null,
    unique (wim_id, site_id, pop_switch_dpid, pop_switch_port),
    unique (wim_id, wan_service_endpoint_id)
);
create index port_mappings_by_site on port_mappings (site_id);

-- What a user asks for over several sites. The networks and links of a service name it; its row goes with the last link.
create table services (
    id uuid primary key,
    tenant_id uuid not null references tenants (id),
    name text not null,
    service_type text check (service_type in ('ELINE', 'ELAN', 'ETREE', 'L3')),
    bandwidth_kbps bigint check (bandwidth_kbps > 0),
    latency_ms bigint check (latency_ms >= 0),
    wim_id uuid,
    strategy text not null,
    phase text not null check (phase in ('LIVE', 'DELETING')),
    version bigint not null check (version >= 0),
    created_at bigint not null,
    modified_at bigint not null,
    unique (tenant_id, name)
);
create index services_by_created on services (created_at, id);

create table networks (
    id uuid primary key,
    tenant_id uuid not null references tenants (id),
    site_id uuid not null references sites (id),
    name text not null,
    service text,
    virtual_link text,
    status text not null check (status in (
        'SCHEDULED_CREATION', 'BUILD', 'INACTIVE', 'ACTIVE', 'DOWN', 'ERROR', 'VIM_ERROR', 'DELETED')),
    status_detail text,
    vim_info jsonb not null check (jsonb_typeof(vim_info) = 'object'),
    external_port jsonb check (jsonb_typeof(external_port) = 'object'),
    encapsulation jsonb not null check (jsonb_typeof(encapsulation) = 'object'),
    network_service_id uuid references services (id),
    leaving boolean not null,
    version bigint not null check (version >= 0),
    created_at bigint not null,
    modified_at bigint not null,
    unique (tenant_id, name)
);
create index networks_by_site on networks (site_id);
create index networks_by_service on networks (network_service_id) where network_service_id is not null;

-- What is accepted but not run: a paused account or WIM, or (nil) everything.
create table holds (
    kind text not null check (kind in ('account', 'wim', 'all')),
    id uuid not null,
    reason text,
    since bigint not null,
    primary key (kind, id)
);

create table commands (
    id uuid primary key,
    digest text not null,
    answer jsonb not null,
    answered_at bigint not null default ((extract(epoch from clock_timestamp()) * 1000000)::bigint)
);
create index commands_by_answer on commands (answered_at);

create table links (
    id uuid primary key,
    tenant_id uuid not null,
    wim_id uuid not null,
    account_id uuid not null,
    name text not null,
    network_service_id uuid,
    virtual_link text,
    wish jsonb not null check (jsonb_typeof(wish) = 'object' and coalesce((wish ->> 'bandwidth_kbps')::numeric, 1) > 0),
    status text not null check (status in (
        'SCHEDULED_CREATION', 'BUILD', 'ACTIVE', 'INACTIVE', 'DOWN', 'ERROR', 'WIM_ERROR', 'SCHEDULED_DELETION',
        'DELETED')),
    status_reason jsonb check (jsonb_typeof(status_reason) = 'object'),
    status_since bigint not null,
    status_source text check (status_source in ('probe', 'configured')),
    observed_status text check (observed_status in (
        'SCHEDULED_CREATION', 'BUILD', 'ACTIVE', 'INACTIVE', 'DOWN', 'ERROR', 'WIM_ERROR', 'SCHEDULED_DELETION',
        'DELETED')),
    service_id text,
    conn_info jsonb,
    touched boolean not null,
    newest_at bigint not null,
    begun jsonb check (jsonb_typeof(begun) = 'object'),
    deletion jsonb check (jsonb_typeof(deletion) = 'object'),
    lost_at bigint,
    effective jsonb check (jsonb_typeof(effective) = 'object'),
    last_seen_at bigint,
    refresh_due_at bigint,
    event_seq bigint not null check (event_seq >= 0),
    version bigint not null check (version >= 0),
    created_at bigint not null,
    modified_at bigint not null,
    deleted_at bigint,
    -- A link has its account until it is a tombstone, which may outlive it.
    live_account_id uuid generated always as (case when status <> 'DELETED' then account_id end) stored
        references accounts (id)
);
create index links_by_created on links (created_at, id);
create index links_by_tenant on links (tenant_id, created_at, id);
create index links_by_account on links (account_id, created_at, id);
create index links_live_by_account on links (live_account_id, id) where live_account_id is not null;
create index links_by_service on links (network_service_id, id) where network_service_id is not null;
create index links_by_deletion on links (deleted_at, id) where deleted_at is not null;
create index links_by_refresh on links (refresh_due_at, id) where refresh_due_at is not null;

-- Which networks a link needs: an index over `wish.endpoints[].network_id`, kept by the triggers below.
create table link_networks (
    link_id uuid not null references links (id) on delete cascade,
    network_id uuid not null references networks (id),
    primary key (network_id, link_id)
);
create index link_networks_by_link on link_networks (link_id);

create function links_need_networks() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' then
        delete from link_networks where link_id = new.id;
    end if;
    insert into link_networks (link_id, network_id)
    select distinct new.id, (endpoint ->> 'network_id')::uuid
    from jsonb_array_elements(new.wish -> 'endpoints') as endpoints (endpoint)
    where endpoint ->> 'network_id' is not null;
    return null;
end
$$;
create trigger links_inserted after insert on links
for each row execute function links_need_networks();
create trigger links_wish_updated after update of wish on links
for each row when (old.wish is distinct from new.wish) execute function links_need_networks();

create table requests (
    id uuid primary key,
    tenant_id uuid not null,
    digest text not null,
    accepted_at bigint not null,
    refused jsonb check (jsonb_typeof(refused) = 'object'),
    total integer not null check (total >= 0),
    done integer not null check (done >= 0),
    failed integer not null check (failed >= 0),
    superseded integer not null check (superseded >= 0),
    cancelled integer not null check (cancelled >= 0),
    event_seq bigint not null check (event_seq >= 0),
    created_at bigint not null,
    finished_at bigint,
    check (done + failed + superseded + cancelled <= total),
    -- Finished exactly when nothing is open; one that was refused has no actions and is finished from the start.
    check (case when refused is null then (finished_at is null) = (done + failed + superseded + cancelled < total)
        else finished_at is not null end)
);
create index requests_by_created on requests (created_at, id);
create index requests_by_tenant on requests (tenant_id, created_at, id);

create table actions (
    id uuid primary key,
    request_id uuid not null references requests (id),
    link_id uuid not null references links (id),
    account_id uuid not null,
    tenant_id uuid not null,
    kind text not null check (kind in ('CREATE', 'EDIT', 'DELETE', 'FIND', 'EXECUTE')),
    state text not null check (state in (
        'SCHEDULED', 'RUNNING', 'BUILD', 'RETRY', 'DONE', 'FAILED', 'SUPERSEDED', 'CANCELLED')),
    accepted_at bigint not null,
    wish jsonb not null check (jsonb_typeof(wish) = 'object' and coalesce((wish ->> 'bandwidth_kbps')::numeric, 1) > 0),
    patch jsonb check (jsonb_typeof(patch) = 'object'),
    due_at bigint,
    dispatches integer not null check (dispatches >= 0),
    claims integer not null check (claims >= 0),
    attempt integer not null check (attempt >= 0),
    epoch bigint check (epoch >= 0),
    session_id uuid,
    started_at bigint,
    observe_first boolean not null,
    retries integer not null check (retries >= 0),
    failures integer not null check (failures >= 0),
    failing_since bigint,
    reason jsonb check (jsonb_typeof(reason) = 'object'),
    waiting_since bigint not null,
    created_at bigint not null,
    finished_at bigint,
    trace text,
    check ((finished_at is null) = (state in ('SCHEDULED', 'RUNNING', 'BUILD', 'RETRY'))),
    -- Design 4.6: every unfinished action has a due time, so that none is ever forgotten.
    check (finished_at is not null or due_at is not null),
    -- What runs runs as a numbered attempt of an epoch.
    check (state <> 'RUNNING' or (attempt > 0 and epoch is not null))
);
create index actions_due on actions (due_at, id) where finished_at is null;
create index actions_unfinished_by_link on actions (link_id) where finished_at is null;
create index actions_unfinished_by_account on actions (account_id) where finished_at is null;
create index actions_unfinished_by_request on actions (request_id) where finished_at is null;
create index actions_by_created on actions (created_at, id);
create index actions_by_tenant on actions (tenant_id, created_at, id);
create index actions_by_request on actions (request_id, created_at, id);
create index actions_by_link on actions (link_id, accepted_at, id);

create table attempts (
    action_id uuid not null references actions (id),
    attempt integer not null check (attempt > 0),
    epoch bigint not null check (epoch >= 0),
    session_id uuid not null,
    started_at bigint not null,
    ended_at bigint not null,
    reason jsonb check (jsonb_typeof(reason) = 'object'),
    primary key (action_id, attempt)
);

create table outbox (
    -- The order in which events are published.
    position bigint generated always as identity primary key,
    id uuid not null unique,
    tenant_id uuid not null,
    subject text not null,
    sequence bigint not null check (sequence >= 0),
    type text not null,
    at bigint not null,
    data jsonb not null,
    published_at bigint
);
create index outbox_unpublished on outbox (position) where published_at is null;

create table parked (
    id uuid primary key,
    origin text not null,
    reason text not null,
    count integer not null check (count > 0),
    payload text not null,
    parked_at bigint not null,
    replayed_at bigint
);
create index parked_by_time on parked (parked_at, id);

-- Rows that change several times before they rest: room on their page keeps an update off the indexes where no indexed
-- column changes, and vacuum comes before the dead rows outweigh the living.
alter table actions set (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
alter table links set (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
alter table requests set (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
-- Renewed every few seconds each.
alter table sessions set (fillfactor = 40, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200);
alter table accounts set (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.05);
-- A queue: a few live rows at the end of many dead index entries.
alter table outbox set (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 500);
-- One row, updated with each change of the catalogue.
alter table catalogue_version set (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 100);
