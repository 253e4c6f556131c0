-- An administrator's role for a user
--
-- A user was given an administrator's role.
--
-- Follows: Sigma, Okta Admin Role Assigned to an User or Group: https://github.com/SigmaHQ/sigma/blob/master/rules/identity/okta/okta_admin_role_assigned_to_user_or_group.yml
-- Follows: Elastic, Administrator Role Assigned to an Okta User: https://github.com/elastic/detection-rules/blob/main/rules/integrations/okta/persistence_administrator_role_assigned_to_okta_user.toml
-- Follows: Panther, okta_admin_role_assigned: https://github.com/panther-labs/panther-analysis/blob/develop/rules/okta_rules/okta_admin_role_assigned.yml
-- ATT&CK: T1098.003 Additional Cloud Roles
-- OCSF: 1.8.0, 1.5.0, 1.3.0
SELECT happened, actor.user.name AS administrator, "user".name AS account, privileges, src_endpoint.ip AS ip, [metadata.uid] AS uids
FROM okta
WHERE metadata.event_code = 'user.account.privilege.grant' AND status_id = 1;
