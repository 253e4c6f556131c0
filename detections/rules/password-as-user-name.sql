-- A password where the user name belongs
--
-- A failed sign-in whose user name is no login: somebody may have typed the password there, and it now stands in
-- the log. It works for orgs whose logins are e-mail addresses.
--
-- Follows: Sigma, Potential Okta Password in AlternateID Field: https://github.com/SigmaHQ/sigma/blob/master/rules/identity/okta/okta_password_in_alternateid_field.yml
-- ATT&CK: T1552 Unsecured Credentials
-- OCSF: 1.8.0, 1.5.0, 1.3.0
SELECT happened, "user".name AS typed, src_endpoint.ip AS ip, [metadata.uid] AS uids
FROM okta
WHERE metadata.event_code = 'user.session.start' AND status_id = 2 AND "user".email_addr IS NULL
  AND NOT starts_with("user".name, '0oa');
