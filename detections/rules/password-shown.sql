-- An administrator looked at a user's password
--
-- Somebody saw the password that Okta stores for another user's account in an application.
--
-- Follows: Panther, okta_password_accessed: https://github.com/panther-labs/panther-analysis/blob/develop/rules/okta_rules/okta_password_accessed.yml
-- ATT&CK: T1555.005 Password Managers
-- OCSF: 1.8.0, 1.5.0, 1.3.0
SELECT happened, actor.user.name AS by_whom, "user".name AS account,
       [e.value for e in enrichments if e.type = 'application'] AS applications, src_endpoint.ip AS ip, [metadata.uid] AS uids
FROM okta
WHERE metadata.event_code = 'application.user_membership.show_password' AND actor.user.name IS DISTINCT FROM "user".name;
