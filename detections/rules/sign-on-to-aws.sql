-- Single sign-on to AWS
--
-- Somebody opened an AWS application. Replace the pattern with the names of your own sensitive applications.
--
-- Follows: Panther, okta_sso_to_aws: https://github.com/panther-labs/panther-analysis/blob/develop/rules/okta_rules/okta_sso_to_aws.yml
-- ATT&CK: T1550 Use Alternate Authentication Material
-- OCSF: 1.8.0, 1.5.0, 1.3.0
SELECT happened, "user".name AS account, service.name AS application, src_endpoint.ip AS ip, [metadata.uid] AS uids
FROM okta
WHERE metadata.event_code = 'user.authentication.sso' AND status_id = 1 AND regexp_matches(service.name, '(?i)aws|amazon web services');
