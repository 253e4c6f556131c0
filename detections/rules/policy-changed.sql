-- A policy was changed, deactivated or deleted
--
-- A policy was changed, deactivated or deleted.
--
-- Follows: Sigma, Okta Policy Modified or Deleted: https://github.com/SigmaHQ/sigma/blob/master/rules/identity/okta/okta_policy_modified_or_deleted.yml
-- Follows: Elastic, Attempt to Modify an Okta Policy: https://github.com/elastic/detection-rules/blob/main/rules/integrations/okta/defense_evasion_okta_attempt_to_modify_okta_policy.toml
-- Follows: Elastic, Attempt to Deactivate an Okta Policy: https://github.com/elastic/detection-rules/blob/main/rules/integrations/okta/defense_evasion_okta_attempt_to_deactivate_okta_policy.toml
-- Follows: Elastic, Attempt to Delete an Okta Policy: https://github.com/elastic/detection-rules/blob/main/rules/integrations/okta/defense_evasion_okta_attempt_to_delete_okta_policy.toml
-- ATT&CK: T1556 Modify Authentication Process
-- OCSF: 1.8.0, 1.5.0, 1.3.0
SELECT happened, activity_name, actor.user.name AS administrator, entity.name AS policy, entity.data AS before,
       entity_result.data AS after, src_endpoint.ip AS ip, [metadata.uid] AS uids
FROM okta
WHERE metadata.event_code IN ('policy.lifecycle.update', 'policy.lifecycle.deactivate', 'policy.lifecycle.delete');
