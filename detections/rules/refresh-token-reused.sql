-- A refresh token was used twice
--
-- A refresh token that had been used already was used again: two parties have it.
--
-- Follows: Panther, okta_app_refresh_access_token_reuse: https://github.com/panther-labs/panther-analysis/blob/develop/rules/okta_rules/okta_app_refresh_access_token_reuse.yml
-- ATT&CK: T1528 Steal Application Access Token
-- OCSF: 1.8.0, 1.5.0, 1.3.0
SELECT happened, finding_info.title AS title, [e.src_endpoint.ip for e in evidences] AS ips, [e."user".name for e in evidences] AS accounts,
       [metadata.uid] AS uids
FROM okta
WHERE metadata.event_code IN ('app.oauth2.as.token.detect_reuse', 'app.oauth2.token.detect_reuse');
