-- A new device, then the factors are reset
--
-- A user signed in from a device that is new for them, and within a day their factors were reset or removed: an
-- attacker enrolls a factor of their own next.
--
-- Follows: Elastic, Stolen Credentials Used to Login to Okta Account After MFA Reset: https://github.com/elastic/detection-rules/blob/main/rules/integrations/okta/persistence_stolen_credentials_used_to_login_to_okta_account_after_mfa_reset.toml
-- ATT&CK: T1556.006 Multi-Factor Authentication, T1078.004 Cloud Accounts
-- OCSF: 1.8.0, 1.5.0
WITH arrived AS (
    SELECT happened, metadata.uid AS uid, "user".name AS account, src_endpoint.ip AS ip
    FROM okta
    WHERE metadata.event_code IN ('user.session.start', 'policy.evaluate_sign_on') AND risk_details LIKE '%New Device=POSITIVE%'
), reset AS (
    SELECT happened, metadata.uid AS uid, "user".name AS account, actor.user.name AS by_whom
    FROM okta
    WHERE metadata.event_code IN ('user.mfa.factor.deactivate', 'user.mfa.factor.reset_all') AND status_id = 1
)
SELECT reset.happened, reset.account, reset.by_whom, arrived.ip, [arrived.uid, reset.uid] AS uids
FROM reset
ASOF JOIN arrived ON reset.account = arrived.account AND reset.happened >= arrived.happened
WHERE reset.happened < arrived.happened + INTERVAL 1 DAY;
