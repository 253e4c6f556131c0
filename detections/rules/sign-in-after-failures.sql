-- A sign-in after many failures
--
-- A successful sign-in of an account that failed at least five times within the three hours before, from the
-- same or another address.
--
-- Follows: Elastic, Okta Successful Login After Credential Attack: https://github.com/elastic/detection-rules/blob/main/rules/integrations/okta/credential_access_okta_successful_login_after_credential_attack.toml
-- ATT&CK: T1110 Brute Force, T1078.004 Cloud Accounts
-- OCSF: 1.8.0, 1.5.0, 1.3.0
WITH signed_in AS (
    SELECT happened, metadata.uid AS uid, src_endpoint.ip AS ip, "user".name AS account, status_id
    FROM okta
    WHERE metadata.event_code = 'user.session.start' AND status_id IN (1, 2)
), counted AS (
    SELECT *, count(*) FILTER (status_id = 2) OVER before AS failures, list(uid) OVER before AS uids
    FROM signed_in
    WINDOW before AS (PARTITION BY account ORDER BY happened RANGE BETWEEN INTERVAL 3 HOUR PRECEDING AND CURRENT ROW)
)
SELECT happened, account, ip, failures, uids
FROM counted
WHERE status_id = 1 AND failures >= 5;
