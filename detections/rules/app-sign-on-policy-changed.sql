-- An application's sign-on policy was changed
--
-- The policy that decides who may open an application, and with which factors, was changed, or a rule of it was
-- deleted.
--
-- Follows: Sigma, Okta Application Sign-On Policy Modified or Deleted: https://github.com/SigmaHQ/sigma/blob/master/rules/identity/okta/okta_application_sign_on_policy_modified_or_deleted.yml
-- Follows: Elastic, Modification or Removal of an Okta Application Sign-On Policy: https://github.com/elastic/detection-rules/blob/main/rules/integrations/okta/persistence_okta_attempt_to_modify_or_delete_application_sign_on_policy.toml
-- ATT&CK: T1556 Modify Authentication Process
-- OCSF: 1.8.0, 1.5.0, 1.3.0
SELECT happened, metadata.event_code, actor.user.name AS administrator, entity.name AS entity, src_endpoint.ip AS ip,
       [metadata.uid] AS uids
FROM okta
WHERE metadata.event_code IN ('application.policy.sign_on.update', 'application.policy.sign_on.rule.delete');
