-- An identity provider was added or changed
--
-- An identity provider was created, changed, activated or deleted. Whoever controls an identity provider can
-- sign in as its users.
--
-- Follows: Sigma, Okta Identity Provider Created: https://github.com/SigmaHQ/sigma/blob/master/rules/identity/okta/okta_identity_provider_created.yml
-- Follows: Elastic, New Okta Identity Provider (IdP) Added by Admin: https://github.com/elastic/detection-rules/blob/main/rules/integrations/okta/persistence_new_idp_successfully_added_by_admin.toml
-- Follows: Panther, okta_idp_create_modify: https://github.com/panther-labs/panther-analysis/blob/develop/rules/okta_rules/okta_idp_create_modify.yml
-- ATT&CK: T1484.002 Trust Modification
-- OCSF: 1.8.0, 1.5.0, 1.3.0
SELECT happened, activity_name, actor.user.name AS administrator, entity.name AS identity_provider, src_endpoint.ip AS ip,
       [metadata.uid] AS uids
FROM okta
WHERE metadata.event_code LIKE 'system.idp.lifecycle.%' AND status_id = 1;
