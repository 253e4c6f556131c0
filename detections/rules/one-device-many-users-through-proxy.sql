-- One device, many users, through a proxy
--
-- At least three users signed in with the same device token (dtHash) through a proxy.
--
-- Follows: Elastic, Multiple Okta User Auth Events with Same Device Token Hash Behind a Proxy: https://github.com/elastic/detection-rules/blob/main/rules/integrations/okta/credential_access_multiple_auth_events_from_single_device_behind_proxy.toml
-- ATT&CK: T1110.003 Password Spraying, T1110.004 Credential Stuffing
-- OCSF: 1.8.0
WITH seen AS (
    SELECT happened, metadata.uid AS uid, "user".name AS account,
           [f.value for f in src_endpoint.fingerprints if f.algorithm = 'dtHash'][1] AS device_token
    FROM okta
    WHERE class_uid = 3002 AND metadata.event_code LIKE 'user.authentication%' AND "user".type_id = 1
      AND len([e for e in enrichments if e.type = 'proxy' AND (e.data->>'is_proxy') = 'true']) > 0
)
SELECT max(happened) AS happened, device_token, list(DISTINCT account) AS accounts, list(uid) AS uids
FROM seen
WHERE device_token IS NOT NULL
GROUP BY device_token
HAVING count(DISTINCT account) >= 3;
