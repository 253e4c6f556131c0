-- One device, many users
--
-- At least three users signed in with the same device token (dtHash) within ten minutes.
--
-- Follows: Elastic, Multiple Okta User Authentication Events with Same Device Token Hash: https://github.com/elastic/detection-rules/blob/main/rules/integrations/okta/credential_access_okta_authentication_for_multiple_users_with_the_same_device_token_hash.toml
-- ATT&CK: T1110.003 Password Spraying
-- OCSF: 1.8.0
WITH seen AS (
    SELECT happened, metadata.uid AS uid, src_endpoint.ip AS ip, "user".name AS account,
           [f.value for f in src_endpoint.fingerprints if f.algorithm = 'dtHash'][1] AS device_token
    FROM okta
    WHERE class_uid = 3002 AND metadata.event_code LIKE 'user.authentication.%' AND "user".type_id = 1
), counted AS (
    SELECT *, count(DISTINCT account) OVER (
        PARTITION BY device_token ORDER BY happened RANGE BETWEEN INTERVAL 10 MINUTE PRECEDING AND CURRENT ROW) AS accounts
    FROM seen
    WHERE device_token IS NOT NULL
)
SELECT max(happened) AS happened, device_token, list(DISTINCT ip) AS ips, list(DISTINCT account) AS accounts, list(uid) AS uids
FROM counted
GROUP BY device_token
HAVING max(accounts) >= 3;
