-- An administrator's role for a group
--
-- A group, and with it each of its members, was given an administrator's role.
--
-- Follows: Sigma, Okta Admin Role Assigned to an User or Group: https://github.com/SigmaHQ/sigma/blob/master/rules/identity/okta/okta_admin_role_assigned_to_user_or_group.yml
-- Follows: Elastic, Administrator Privileges Assigned to an Okta Group: https://github.com/elastic/detection-rules/blob/main/rules/integrations/okta/persistence_administrator_privileges_assigned_to_okta_group.toml
-- Follows: Panther, okta_group_admin_role_assigned: https://github.com/panther-labs/panther-analysis/blob/develop/rules/okta_rules/okta_group_admin_role_assigned.yml
-- ATT&CK: T1098.003 Additional Cloud Roles
-- OCSF: 1.8.0, 1.5.0, 1.3.0
SELECT happened, actor.user.name AS administrator, "group".name AS group_name, privileges, src_endpoint.ip AS ip,
       [metadata.uid] AS uids
FROM okta
WHERE metadata.event_code = 'group.privilege.grant' AND status_id = 1;
