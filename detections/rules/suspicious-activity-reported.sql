-- A user reports suspicious activity
--
-- A user told Okta that something done in their name was not done by them. The evidence is the address of what
-- they reported.
--
-- Follows: Sigma, Okta Suspicious Activity Reported by End-user: https://github.com/SigmaHQ/sigma/blob/master/rules/identity/okta/okta_suspicious_activity_enduser_report.yml
-- Follows: Elastic, Suspicious Activity Reported by Okta User: https://github.com/elastic/detection-rules/blob/main/rules/integrations/okta/initial_access_suspicious_activity_reported_by_okta_user.toml
-- Follows: Panther, okta_user_reported_suspicious_activity: https://github.com/panther-labs/panther-analysis/blob/develop/rules/okta_rules/okta_user_reported_suspicious_activity.yml
-- ATT&CK: T1078 Valid Accounts
-- OCSF: 1.8.0, 1.5.0, 1.3.0
SELECT happened, actor.user.name AS account, [e.src_endpoint.ip for e in evidences] AS suspicious_ips,
       [e.type for e in finding_info.related_events] AS reported, [metadata.uid] AS uids
FROM okta
WHERE metadata.event_code = 'user.account.report_suspicious_activity_by_enduser';
