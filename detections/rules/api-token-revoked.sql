-- An API token was revoked
--
-- An API token was revoked: programs that use it stop working.
--
-- Follows: Sigma, Okta API Token Revoked: https://github.com/SigmaHQ/sigma/blob/master/rules/identity/okta/okta_api_token_revoked.yml
-- Follows: Elastic, Attempt to Revoke Okta API Token: https://github.com/elastic/detection-rules/blob/main/rules/integrations/okta/impact_attempt_to_revoke_okta_api_token.toml
-- Follows: Panther, okta_api_key_revoked: https://github.com/panther-labs/panther-analysis/blob/develop/rules/okta_rules/okta_api_key_revoked.yml
-- ATT&CK: T1531 Account Access Removal
-- OCSF: 1.8.0, 1.5.0, 1.3.0
SELECT happened, actor.user.name AS administrator, entity.name AS token, src_endpoint.ip AS ip, [metadata.uid] AS uids
FROM okta
WHERE metadata.event_code = 'system.api_token.revoke';
