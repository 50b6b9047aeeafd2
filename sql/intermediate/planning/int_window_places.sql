-- description: What windows can conflict in, numbered: each component, service, environment and implementer that is named, and each
--   dependency of one service on another (one hop).
-- grain: place
-- column: place | Number in this build, in the order of the names.
-- column: basis | planned or actual.
-- column: scope | component, service, dependency, environment or implementer.
-- column: scope_value | Which one; for a dependency 'service → depends on'.
-- column: dependent | For a dependency: the service that depends.
-- column: provider | For a dependency: the service that it depends on.
-- not_null: place, basis, scope, scope_value
-- unique: place
-- unique: basis, scope, scope_value, dependent, provider
-- assert: basis in ('planned', 'actual')
with named as (
    select distinct basis, scope, scope_value, cast(null as varchar) as dependent, cast(null as varchar) as provider
    from intermediate.int_window_scopes
    union all
    select distinct b.basis, 'dependency', d.service || ' → ' || d.depends_on, d.service, d.depends_on
    from config.service_dependencies d
    cross join (values ('planned'), ('actual')) b(basis)
    where d.service <> d.depends_on
)
select
    cast(row_number() over (order by basis, scope, scope_value, dependent, provider) as integer) as place,
    cast(basis as varchar) as basis,
    cast(scope as varchar) as scope,
    cast(scope_value as varchar) as scope_value,
    cast(dependent as varchar) as dependent,
    cast(provider as varchar) as provider
from named
