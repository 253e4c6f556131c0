-- Many passwords reset or accounts unlocked
--
-- Somebody reset the passwords of, or unlocked, at least five accounts within an hour.
--
-- Follows: Elastic, High Number of Okta User Password Reset or Unlock Attempts: https://github.com/elastic/detection-rules/blob/main/rules/integrations/okta/defense_evasion_suspicious_okta_user_password_reset_or_unlock_attempts.toml
-- ATT&CK: T1078 Valid Accounts
-- OCSF: 1.8.0, 1.5.0, 1.3.0
WITH done AS (
    SELECT happened, metadata.uid AS uid, actor.user.name AS by_whom, "user".name AS account
    FROM okta
    WHERE metadata.event_code IN ('system.email.account_unlock.sent_message', 'system.email.password_reset.sent_message',
                                  'system.sms.send_account_unlock_message', 'system.sms.send_password_reset_message',
                                  'system.voice.send_account_unlock_call', 'system.voice.send_password_reset_call',
                                  'user.account.unlock_token', 'user.account.unlock', 'user.account.unlock_by_admin',
                                  'user.account.reset_password')
), counted AS (
    SELECT *, count(*) OVER (
        PARTITION BY by_whom ORDER BY happened RANGE BETWEEN INTERVAL 1 HOUR PRECEDING AND CURRENT ROW) AS attempts
    FROM done
)
SELECT max(happened) AS happened, by_whom, list(DISTINCT account) AS accounts, max(attempts) AS attempts, list(uid) AS uids
FROM counted
GROUP BY by_whom
HAVING max(attempts) >= 5;
