-- A program got a token that manages the org
--
-- A service application got an access token for itself with a scope by which it manages users, factors,
-- applications, groups or policies.
--
-- Follows: Panther, okta_service_app_dangerous_scope_token_grant: https://github.com/panther-labs/panther-analysis/blob/develop/rules/okta_rules/okta_service_app_dangerous_scope_token_grant.yml
-- ATT&CK: T1550.001 Application Access Token, T1098 Account Manipulation
-- OCSF: 1.8.0, 1.5.0, 1.3.0
SELECT happened, "user".name AS program, src_endpoint.ip AS ip,
       [e.data->>'granted_scopes' for e in enrichments if e.type = 'oauth_grant'] AS scopes,
       [metadata.uid] AS uids
FROM okta
WHERE metadata.event_code = 'app.oauth2.token.grant.access_token' AND status_id = 1
  AND len([e for e in enrichments if e.type = 'oauth_grant' AND (e.data->>'grant_type') = 'client_credentials'
           AND regexp_matches((e.data->>'granted_scopes'), '"okta\.(users|factors|apps|groups|policies)\.manage"')]) > 0;
