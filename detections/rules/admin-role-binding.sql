-- A role for a set of resources
--
-- A user or group was bound to a role over a set of resources.
--
-- Follows: Sigma, Okta Admin Role Assignment Created: https://github.com/SigmaHQ/sigma/blob/master/rules/identity/okta/okta_admin_role_assignment_created.yml
-- ATT&CK: T1098.003 Additional Cloud Roles
-- OCSF: 1.8.0, 1.5.0, 1.3.0
SELECT happened, actor.user.name AS administrator, "user".name AS account, "group".name AS group_name, privileges,
       src_endpoint.ip AS ip, [metadata.uid] AS uids
FROM okta
WHERE metadata.event_code = 'iam.resourceset.bindings.add' AND status_id = 1;
