-- An Org2Org application was added or changed
--
-- An application that pushes users from one Okta org to another was created, changed or activated: an attacker
-- who controls the other org can use it to sign in as an administrator here.
--
-- Follows: Panther, okta_org2org_creation_modification: https://github.com/panther-labs/panther-analysis/blob/develop/rules/okta_rules/okta_org2org_creation_modification.yml
-- ATT&CK: T1556 Modify Authentication Process, T1078.004 Cloud Accounts
-- OCSF: 1.8.0, 1.5.0, 1.3.0
SELECT happened, activity_name, actor.user.name AS administrator, entity.name AS application, src_endpoint.ip AS ip,
       [metadata.uid] AS uids
FROM okta
WHERE metadata.event_code IN ('application.lifecycle.create', 'application.lifecycle.update', 'application.lifecycle.activate')
  AND entity.name LIKE '%Org2Org%';
