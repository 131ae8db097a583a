(** The loss g(N_theta(x)) of one sample, without weight decay: the constants of its gradient in theta from those of g.

    The derivative in the direction v is <grad g(N), T>; G1 bounds |grad g|, and grad g is G2-Lipschitz, on the range. *)
From Coq Require Import Reals Lra Psatz Arith Lia.
From Coquelicot Require Import Coquelicot.
From Lipsym Require Import Sums Network Smoothness.
Open Scope R_scope.

Section Objective.
  Variables (width : nat -> nat) (sigma : nat -> smooth_activation) (bias : nat -> bool).
  Let net : network := Build_network width (fun k => base (sigma k)) bias.
  Variables (D : region) (m : nat) (n : nat -> R).
  Hypothesis D_ok : well_formed net D m.
  Hypothesis n_ok : forall k, (k < m)%nat -> range_step net D n k.

  Variable grad : vec -> vec.
  Variables G1 G2 : R.
  Hypothesis G1_nonneg : 0 <= G1.
  Hypothesis G2_nonneg : 0 <= G2.
  Hypothesis G1_bound : forall u, norm (width m) u <= n m -> norm (width m) (grad u) <= G1.
  Hypothesis G2_bound : forall u u', norm (width m) u <= n m -> norm (width m) u' <= n m ->
    norm (width m) (fun i => grad u i - grad u' i) <= G2 * norm (width m) (fun i => u i - u' i).

  Definition loss_slope (x : vec) (theta v : parameters) : R :=
    Sum (width m) (fun i => grad (N net x theta m) i * T width sigma bias x theta v m i).

  Theorem loss_lipschitz x theta v :
    norm (width 0) x <= n 0%nat -> inside net D m theta -> direction bias m v ->
    Rabs (loss_slope x theta v) <= G1 * sqrt (W net D n m) * parameter_norm net m v.
  Proof.
    intros Hx Ht Hv; eapply Rle_trans; [apply dot_le|]; rewrite Rmult_assoc; apply Rmult_le_compat.
    - apply norm_nonneg.
    - apply norm_nonneg.
    - apply G1_bound, (ranges net D m D_ok n n_ok); auto.
    - exact (derivative_norm width sigma bias D m D_ok n n_ok x theta v Hx Ht Hv).
  Qed.

  (** <a, T> - <a', T'> = <a, T - T'> + <a - a', T'> *)
  Theorem loss_smoothness x theta theta' v :
    norm (width 0) x <= n 0%nat -> inside net D m theta -> inside net D m theta' -> direction bias m v ->
    Rabs (loss_slope x theta v - loss_slope x theta' v)
      <= sqrt (H2 width sigma bias D n m G1 G2) * (parameter_norm net m (minus_all theta theta') * parameter_norm net m v).
  Proof.
    intros Hx Ht Ht' Hv; set (e := distances net theta theta'); set (y := sizes width v).
    assert (He : forall k, 0 <= e k) by (intros; apply norm_nonneg); assert (Hy : forall k, 0 <= y k) by (intros; apply norm_nonneg).
    pose proof (derivatives_apart width sigma bias D m D_ok n n_ok x theta theta' v Hx Ht Ht' Hv m (le_n m)) as A.
    pose proof (derivative_bound width sigma bias D m D_ok n n_ok x theta' v Hx Ht' Hv m (le_n m)) as B.
    pose proof (outputs_apart net D m D_ok n n_ok x theta theta' Hx Ht Ht' m (le_n m)) as C.
    pose proof (ranges net D m D_ok n n_ok x theta Hx Ht m (le_n m)) as R.
    pose proof (ranges net D m D_ok n n_ok x theta' Hx Ht' m (le_n m)) as R'.
    pose proof (form_bound width sigma bias D m D_ok n e y m He Hy (le_n m) G1 G2 G1_nonneg G2_nonneg) as F.
    eapply Rle_trans; [|exact F]; unfold loss_slope.
    set (a := grad (N net x theta m)); set (a' := grad (N net x theta' m)).
    set (t := T width sigma bias x theta v m) in *; set (t' := T width sigma bias x theta' v m) in *.
    replace (Sum (width m) (fun i => a i * t i) - Sum (width m) (fun i => a' i * t' i)) with
      (Sum (width m) (fun i => a i * (t i - t' i)) + Sum (width m) (fun i => (a i - a' i) * t' i))
      by (rewrite <- Sum_plus, <- Sum_minus; apply Sum_ext; intros; ring).
    eapply Rle_trans; [apply Rabs_triang|]; apply Rplus_le_compat.
    - eapply Rle_trans; [apply (dot_le (width m) a (fun i => t i - t' i))|].
      apply Rmult_le_compat; [apply norm_nonneg | apply norm_nonneg | now apply G1_bound | exact A].
    - eapply Rle_trans; [apply (dot_le (width m) (fun i => a i - a' i) t')|]; rewrite <- Rmult_assoc.
      apply Rmult_le_compat; [apply norm_nonneg | apply norm_nonneg | | exact B].
      eapply Rle_trans; [now apply G2_bound|]; apply Rmult_le_compat_l; [easy | exact C].
  Qed.
End Objective.
