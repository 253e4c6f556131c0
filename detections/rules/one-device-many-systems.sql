-- One device token, two operating systems
--
-- A device token (dtHash) was seen with two operating systems: a token belongs to one browser on one machine.
--
-- Follows: Elastic, Okta Multiple OS Names Detected for a Single DT Hash: https://github.com/elastic/detection-rules/blob/main/rules/integrations/okta/credential_access_multiple_user_agent_os_authentication.toml
-- ATT&CK: T1539 Steal Web Session Cookie
-- OCSF: 1.8.0
WITH seen AS (
    SELECT happened, metadata.uid AS uid, src_endpoint.ip AS ip, "user".name AS account, src_endpoint.os.name AS system,
           [f.value for f in src_endpoint.fingerprints if f.algorithm = 'dtHash'][1] AS device_token
    FROM okta
    WHERE metadata.event_code IN ('user.authentication.verify', 'user.authentication.auth_via_mfa')
)
SELECT max(happened) AS happened, device_token, list(DISTINCT account) AS accounts, list(DISTINCT system) AS systems,
       list(DISTINCT ip) AS ips, list(uid) AS uids
FROM seen
WHERE device_token IS NOT NULL AND system IS NOT NULL
GROUP BY device_token
HAVING count(DISTINCT system) >= 2;
