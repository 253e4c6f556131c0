-- A request that Okta suspects
--
-- ThreatInsight suspects the address of an ordinary request, a sign-in or the evaluation of a policy.
--
-- Follows: Elastic, Okta ThreatInsight Threat Suspected Promotion: https://github.com/elastic/detection-rules/blob/main/rules/integrations/okta/okta_threatinsight_threat_suspected_promotion.toml
-- ATT&CK: T1078 Valid Accounts
-- OCSF: 1.8.0, 1.5.0
SELECT happened, metadata.event_code, "user".name AS account, src_endpoint.ip AS ip, status, [metadata.uid] AS uids
FROM okta
WHERE is_alert AND class_uid <> 2004;
