-- ThreatInsight saw a threat
--
-- Okta ThreatInsight saw an attack from an address: the finding names the kinds of attack and their levels.
--
-- Follows: Sigma, Okta Security Threat Detected: https://github.com/SigmaHQ/sigma/blob/master/rules/identity/okta/okta_security_threat_detected.yml
-- Follows: Elastic, Threat Detected by Okta ThreatInsight: https://github.com/elastic/detection-rules/blob/main/rules/integrations/okta/okta_threat_detected_by_okta_threatinsight.toml
-- Follows: Panther, okta_threatinsight_security_threat_detected: https://github.com/panther-labs/panther-analysis/blob/develop/rules/okta_rules/okta_threatinsight_security_threat_detected.yml
-- ATT&CK: T1110 Brute Force
-- OCSF: 1.8.0, 1.5.0, 1.3.0
SELECT happened, severity, finding_info.title AS title, risk_details, [e.src_endpoint.ip for e in evidences] AS ips, [metadata.uid] AS uids
FROM okta
WHERE metadata.event_code = 'security.threat.detected';
