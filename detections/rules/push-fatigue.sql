-- Many denied push notifications
--
-- A user denied at least five push notifications within ten minutes: somebody who has the password hopes that
-- the user accepts one by mistake.
--
-- Follows: Elastic, Potential Okta MFA Bombing via Push Notifications: https://github.com/elastic/detection-rules/blob/main/rules/integrations/okta/credential_access_okta_mfa_bombing_via_push_notifications.toml
-- ATT&CK: T1621 Multi-Factor Authentication Request Generation
-- OCSF: 1.8.0, 1.5.0, 1.3.0
WITH denied AS (
    SELECT happened, metadata.uid AS uid, src_endpoint.ip AS ip, "user".name AS account,
           count(*) OVER (
               PARTITION BY "user".name ORDER BY happened RANGE BETWEEN INTERVAL 10 MINUTE PRECEDING AND CURRENT ROW) AS pushes
    FROM okta
    WHERE metadata.event_code IN ('user.mfa.okta_verify.deny_push', 'user.mfa.okta_verify.deny_push_upgrade_needed')
)
SELECT max(happened) AS happened, account, list(DISTINCT ip) AS ips, max(pushes) AS pushes, list(uid) AS uids
FROM denied
GROUP BY account
HAVING max(pushes) >= 5;
