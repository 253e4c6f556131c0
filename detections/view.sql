-- The records of a spool by their OCSF attributes, for DuckDB: the view "okta", which the queries in rules/ read. `happened` is `time` as
-- a timestamp, in UTC; `integration`, `class` and `date` are the spool's own. What stands in `unmapped` is not here: no detection needs it.
-- Made by scripts/make-detections.py; don't edit.
--
-- Before it, set what you want otherwise:
--   SET VARIABLE spool = '/srv/spool';                  -- default /var/lib/tributary/spool
--   SET VARIABLE since = now() - INTERVAL 1 DAY;        -- default: everything
SET TimeZone = 'UTC';
CREATE OR REPLACE VIEW okta AS
SELECT *, make_timestamp(time * 1000) AS happened
FROM read_json(coalesce(getvariable('spool'), '/var/lib/tributary/spool') || '/*/class=*/*/*.ndjson*',
    format = 'newline_delimited', maximum_object_size = 67108864, hive_partitioning = true,
    hive_types = {integration: VARCHAR, class: VARCHAR, date: DATE},
    columns = {
        "account_switch_type": 'VARCHAR',
        "account_switch_type_id": 'INTEGER',
        "action": 'VARCHAR',
        "action_id": 'INTEGER',
        "activity_id": 'INTEGER',
        "activity_name": 'VARCHAR',
        "actor": 'STRUCT("app_name" VARCHAR, "app_uid" VARCHAR, "idp" STRUCT("issuer" VARCHAR, "name" VARCHAR, "protocol_name" VARCHAR, "uid" VARCHAR), "session" STRUCT("credential_uid" VARCHAR, "is_vpn" BOOLEAN, "issuer" VARCHAR, "uid" VARCHAR, "uid_alt" VARCHAR), "user" STRUCT("domain" VARCHAR, "email_addr" VARCHAR, "full_name" VARCHAR, "name" VARCHAR, "type" VARCHAR, "type_id" INTEGER, "uid" VARCHAR))',
        "api": 'STRUCT("operation" VARCHAR)',
        "attacks": 'STRUCT("sub_technique" STRUCT("name" VARCHAR, "uid" VARCHAR), "tactic" STRUCT("name" VARCHAR, "uid" VARCHAR), "technique" STRUCT("name" VARCHAR, "uid" VARCHAR), "version" VARCHAR)[]',
        "auth_factors": 'STRUCT("factor_type" VARCHAR, "factor_type_id" INTEGER)[]',
        "auth_protocol": 'VARCHAR',
        "auth_protocol_id": 'INTEGER',
        "authentication_token": 'STRUCT("expiration_time" BIGINT, "expiration_time_dt" VARCHAR, "name" VARCHAR, "type" VARCHAR, "type_id" INTEGER, "uid" VARCHAR)',
        "authorizations": 'STRUCT("decision" VARCHAR, "policy" STRUCT("is_applied" BOOLEAN, "name" VARCHAR, "type" VARCHAR, "uid" VARCHAR))[]',
        "category_name": 'VARCHAR',
        "category_uid": 'INTEGER',
        "class_name": 'VARCHAR',
        "class_uid": 'INTEGER',
        "device": 'STRUCT("domain" VARCHAR, "ip" VARCHAR, "is_managed" BOOLEAN, "location" STRUCT("city" VARCHAR, "country" VARCHAR, "lat" DOUBLE, "long" DOUBLE, "postal_code" VARCHAR, "region" VARCHAR), "name" VARCHAR, "os" STRUCT("name" VARCHAR, "type" VARCHAR, "type_id" INTEGER, "version" VARCHAR), "type" VARCHAR, "type_id" INTEGER, "uid" VARCHAR, "zone" VARCHAR)',
        "direction": 'VARCHAR',
        "direction_id": 'INTEGER',
        "disposition": 'VARCHAR',
        "disposition_id": 'INTEGER',
        "dst_endpoint": 'STRUCT("hostname" VARCHAR, "svc_name" VARCHAR)',
        "email": 'STRUCT("to" VARCHAR[])',
        "enrichments": 'STRUCT("data" JSON, "name" VARCHAR, "provider" VARCHAR, "type" VARCHAR, "value" VARCHAR)[]',
        "entity": 'STRUCT("data" VARCHAR, "group" STRUCT("name" VARCHAR, "type" VARCHAR, "uid" VARCHAR), "name" VARCHAR, "policy" STRUCT("name" VARCHAR, "type" VARCHAR, "uid" VARCHAR), "type" VARCHAR, "type_id" INTEGER, "uid" VARCHAR, "user" STRUCT("domain" VARCHAR, "email_addr" VARCHAR, "full_name" VARCHAR, "name" VARCHAR, "type" VARCHAR, "type_id" INTEGER, "uid" VARCHAR))',
        "entity_result": 'STRUCT("data" VARCHAR, "group" STRUCT("name" VARCHAR, "type" VARCHAR, "uid" VARCHAR), "name" VARCHAR, "policy" STRUCT("name" VARCHAR, "type" VARCHAR, "uid" VARCHAR), "type" VARCHAR, "type_id" INTEGER, "uid" VARCHAR, "user" STRUCT("domain" VARCHAR, "email_addr" VARCHAR, "full_name" VARCHAR, "name" VARCHAR, "type" VARCHAR, "type_id" INTEGER, "uid" VARCHAR))',
        "evidences": 'STRUCT("http_request" STRUCT("http_headers" STRUCT("name" VARCHAR, "value" VARCHAR)[], "uid" VARCHAR, "url" STRUCT("hostname" VARCHAR, "path" VARCHAR, "query_string" VARCHAR, "scheme" VARCHAR), "user_agent" VARCHAR, "x_forwarded_for" VARCHAR[]), "src_endpoint" STRUCT("autonomous_system" STRUCT("name" VARCHAR, "number" INTEGER), "domain" VARCHAR, "fingerprints" STRUCT("algorithm" VARCHAR, "algorithm_id" INTEGER, "value" VARCHAR)[], "intermediate_ips" VARCHAR[], "ip" VARCHAR, "isp" VARCHAR, "location" STRUCT("city" VARCHAR, "country" VARCHAR, "isp" VARCHAR, "lat" DOUBLE, "long" DOUBLE, "postal_code" VARCHAR, "region" VARCHAR), "network_scope" VARCHAR, "network_scope_id" INTEGER, "os" STRUCT("name" VARCHAR, "type" VARCHAR, "type_id" INTEGER), "port" INTEGER, "type" VARCHAR, "type_id" INTEGER, "zone" VARCHAR), "user" STRUCT("domain" VARCHAR, "email_addr" VARCHAR, "full_name" VARCHAR, "name" VARCHAR, "type" VARCHAR, "type_id" INTEGER, "uid" VARCHAR), "verdict" VARCHAR, "verdict_id" INTEGER)[]',
        "finding_info": 'STRUCT("attacks" STRUCT("tactic" STRUCT("name" VARCHAR, "uid" VARCHAR), "technique" STRUCT("name" VARCHAR, "uid" VARCHAR), "version" VARCHAR)[], "created_time" BIGINT, "created_time_dt" VARCHAR, "desc" VARCHAR, "modified_time" BIGINT, "modified_time_dt" VARCHAR, "related_events" STRUCT("type" VARCHAR, "uid" VARCHAR)[], "title" VARCHAR, "types" VARCHAR[], "uid" VARCHAR)',
        "group": 'STRUCT("name" VARCHAR, "type" VARCHAR, "uid" VARCHAR)',
        "http_request": 'STRUCT("http_headers" STRUCT("name" VARCHAR, "value" VARCHAR)[], "uid" VARCHAR, "url" STRUCT("hostname" VARCHAR, "path" VARCHAR, "query_string" VARCHAR, "scheme" VARCHAR), "user_agent" VARCHAR, "x_forwarded_for" VARCHAR[])',
        "is_alert": 'BOOLEAN',
        "is_mfa": 'BOOLEAN',
        "is_remote": 'BOOLEAN',
        "message": 'VARCHAR',
        "metadata": 'STRUCT("correlation_uid" VARCHAR, "event_code" VARCHAR, "labels" VARCHAR[], "log_format" VARCHAR, "log_level" VARCHAR, "log_name" VARCHAR, "log_provider" VARCHAR, "log_source" VARCHAR, "log_version" VARCHAR, "original_event_uid" VARCHAR, "original_time" VARCHAR, "product" STRUCT("name" VARCHAR, "vendor_name" VARCHAR), "profiles" VARCHAR[], "tenant_uid" VARCHAR, "uid" VARCHAR, "version" VARCHAR)',
        "observables": 'STRUCT("name" VARCHAR, "type" VARCHAR, "type_id" INTEGER, "value" VARCHAR)[]',
        "privileges": 'VARCHAR[]',
        "resource": 'STRUCT("name" VARCHAR, "type" VARCHAR, "uid" VARCHAR)',
        "resources": 'STRUCT("ip" VARCHAR, "name" VARCHAR, "role" VARCHAR, "role_id" INTEGER, "type" VARCHAR, "uid" VARCHAR)[]',
        "risk_details": 'VARCHAR',
        "risk_level": 'VARCHAR',
        "risk_level_id": 'INTEGER',
        "service": 'STRUCT("name" VARCHAR, "uid" VARCHAR)',
        "session": 'STRUCT("is_vpn" BOOLEAN, "issuer" VARCHAR, "uid" VARCHAR, "uid_alt" VARCHAR)',
        "severity": 'VARCHAR',
        "severity_id": 'INTEGER',
        "src_endpoint": 'STRUCT("autonomous_system" STRUCT("name" VARCHAR, "number" INTEGER), "domain" VARCHAR, "fingerprints" STRUCT("algorithm" VARCHAR, "algorithm_id" INTEGER, "value" VARCHAR)[], "intermediate_ips" VARCHAR[], "ip" VARCHAR, "isp" VARCHAR, "location" STRUCT("city" VARCHAR, "country" VARCHAR, "isp" VARCHAR, "lat" DOUBLE, "long" DOUBLE, "postal_code" VARCHAR, "region" VARCHAR), "network_scope" VARCHAR, "network_scope_id" INTEGER, "os" STRUCT("name" VARCHAR, "type" VARCHAR, "type_id" INTEGER), "port" INTEGER, "type" VARCHAR, "type_id" INTEGER, "zone" VARCHAR)',
        "status": 'VARCHAR',
        "status_code": 'VARCHAR',
        "status_detail": 'VARCHAR',
        "status_id": 'INTEGER',
        "time": 'BIGINT',
        "time_dt": 'VARCHAR',
        "timezone_offset": 'INTEGER',
        "to": 'VARCHAR[]',
        "type_name": 'VARCHAR',
        "type_uid": 'BIGINT',
        "user": 'STRUCT("domain" VARCHAR, "email_addr" VARCHAR, "full_name" VARCHAR, "name" VARCHAR, "type" VARCHAR, "type_id" INTEGER, "uid" VARCHAR)',
        "user_result": 'STRUCT("domain" VARCHAR, "email_addr" VARCHAR, "full_name" VARCHAR, "name" VARCHAR, "type" VARCHAR, "type_id" INTEGER, "uid" VARCHAR)',
        "web_resources": 'STRUCT("name" VARCHAR, "type" VARCHAR, "uid" VARCHAR)[]'
    })
WHERE date >= coalesce(getvariable('since')::TIMESTAMPTZ::DATE, DATE '1970-01-01')
  AND time >= coalesce(epoch_ms(getvariable('since')::TIMESTAMPTZ), 0);
