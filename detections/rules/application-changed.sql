-- An application was changed, deactivated or deleted
--
-- An application was changed, deactivated or deleted.
--
-- Follows: Sigma, Okta Application Modified or Deleted: https://github.com/SigmaHQ/sigma/blob/master/rules/identity/okta/okta_application_modified_or_deleted.yml
-- Follows: Elastic, Attempt to Modify an Okta Application: https://github.com/elastic/detection-rules/blob/main/rules/integrations/okta/impact_okta_attempt_to_modify_okta_application.toml
-- Follows: Elastic, Attempt to Deactivate an Okta Application: https://github.com/elastic/detection-rules/blob/main/rules/integrations/okta/impact_okta_attempt_to_deactivate_okta_application.toml
-- Follows: Elastic, Attempt to Delete an Okta Application: https://github.com/elastic/detection-rules/blob/main/rules/integrations/okta/impact_okta_attempt_to_delete_okta_application.toml
-- ATT&CK: T1489 Service Stop
-- OCSF: 1.8.0, 1.5.0, 1.3.0
SELECT happened, activity_name, actor.user.name AS administrator, entity.name AS application, src_endpoint.ip AS ip,
       [metadata.uid] AS uids
FROM okta
WHERE metadata.event_code IN ('application.lifecycle.update', 'application.lifecycle.deactivate', 'application.lifecycle.delete');
