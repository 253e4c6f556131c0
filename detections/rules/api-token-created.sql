-- An API token was created
--
-- An API token was created: it works without a password and without a factor.
--
-- Follows: Sigma, Okta API Token Created: https://github.com/SigmaHQ/sigma/blob/master/rules/identity/okta/okta_api_token_created.yml
-- Follows: Elastic, Attempt to Create Okta API Token: https://github.com/elastic/detection-rules/blob/main/rules/integrations/okta/persistence_attempt_to_create_okta_api_token.toml
-- Follows: Panther, okta_api_key_created: https://github.com/panther-labs/panther-analysis/blob/develop/rules/okta_rules/okta_api_key_created.yml
-- ATT&CK: T1136 Create Account
-- OCSF: 1.8.0, 1.5.0, 1.3.0
SELECT happened, actor.user.name AS administrator, entity.name AS token, src_endpoint.ip AS ip, [metadata.uid] AS uids
FROM okta
WHERE metadata.event_code = 'system.api_token.create';
