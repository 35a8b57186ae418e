//! The names of all statements. Each engine has one `sql/<name>.sql` for each of them; a name without a file does not
//! compile, and a test finds a file without a name.

/// Hands the names of all statements to another macro.
macro_rules! each_statement {
    ($then:ident) => {
        $then! {
            account_delete, account_insert, account_lock, account_references, account_taken,
            account_update, accounts_by_id, actions_let_go, actions_drop_of_links, actions_drop_of_requests,
            answers_forget, attempts_drop_of_links, attempts_drop_of_requests, events_forget, hold_put,
            hold_remove, holds, links_drop, prompts_forget, replayed_forget, requests_drop, requests_old,
            tombstones_old, accounts_lock, accounts_of_session, accounts_update,
            actions_by_id, actions_insert, actions_page, actions_update, attempts, attempts_insert,
            catalogue, catalogue_bump, census, catalogue_version, command, command_insert, due_actions,
            due_listings, due_refreshes, events_insert, events_publish, installation, last_failed, leasable_accounts,
            links_by_id, links_insert, links_lock, links_of_account, links_of_request, links_page, links_update,
            make_due, make_due_for_networks, network_delete, network_insert, network_lock,
            network_references, network_taken, network_untie, network_update, networks_by_id,
            networks_page, next_due, now, object, objects_named, objects_page, parked_by_id,
            parked_insert, parked_lock, parked_page, parked_replay, planner_lock, port_mapping_delete,
            port_mapping_insert, port_mapping_lock, port_mapping_taken, port_mapping_update,
            port_mappings_clear, port_mappings_of, refreshes_schedule, requests_by_id, requests_count,
            requests_insert, requests_lock, requests_page, schema_exists, schema_version, session_lock,
            session_put, sessions, sessions_forget, settled_links, site_delete, site_insert, site_lock,
            site_references, site_taken, site_update, sites_by_id, sites_hold, tenant_delete,
            tenant_insert, tenant_lock, tenant_references, tenant_taken, tenant_update, tenants_hold,
            unfinished_actions, unpublished_events, unsettled_accounts, wim_delete, wim_insert,
            wim_lock, wim_references, wim_taken, wim_update, wims_hold,
            links_of_services, networks_delete, networks_named, networks_of_services,
            networks_release, networks_unneeded, networks_untie, networks_update,
            services_by_id, services_delete, services_ended, services_insert,
            services_lock, services_named, services_page, services_update,
        }
    };
}

macro_rules! declare {
    ($($name:ident),+ $(,)?) => {
        /// The text of every statement of one engine.
        #[derive(Debug)]
        pub struct Statements { $(pub(in crate::engines) $name: &'static str,)+ }

        impl Statements {
            /// All statements with their names, for the test that prepares them.
            pub fn all(&self) -> Vec<(&'static str, &'static str)> {
                vec![$((stringify!($name), self.$name)),+]
            }
        }
    };
}

each_statement!(declare);

/// The statements from the files below `sql/` beside the file that invokes this.
macro_rules! from_files {
    ($($name:ident),+ $(,)?) => {
        $crate::engines::relational::Statements {
            $($name: include_str!(concat!("sql/", stringify!($name), ".sql")),)+
        }
    };
}

pub(in crate::engines) use {each_statement, from_files};
